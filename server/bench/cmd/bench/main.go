//go:build linux

// Command bench measures the built server against the handler written by hand, on PostgreSQL, and
// prints ratios. Its last line is JSON:
//
//	{"historyCpuRatio":…,"historyStatements":…,"historyAllocs":…,"ingestRatio":…}
//
// PostgreSQL is the server that PARKBFF_TEST_DATABASE_URL names, else a private one for the run.
// Anything that answers the same requests may stand in the place of the handler: start it on this machine
// and name its URL with --baseline. Where its database and its keys are is printed before it is waited for.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"parkbff/server/bench"
)

type options struct {
	Server   string `default:"bin/parkbff" type:"existingfile" help:"The built server."`
	Handler  string `type:"existingfile" help:"The built handler; default: it is built from its source."`
	Baseline string `help:"URL of the GraphQL endpoint of a program to compare with in the handler's place."`
	Stays    int    `default:"1000000" help:"Stays in the table."`
	Few      int    `default:"10000" help:"Stays in the small table that the large one is compared with."`
	Rounds   int    `default:"6" help:"Rounds of each comparison."`
	Requests int    `default:"2000" help:"Requests of one kind in one round."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	kong.Parse(&o, kong.Name("bench"), kong.Description("Measures the server against a handler written by hand."))
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	effort := bench.Usual()
	effort.Rounds, effort.Requests = o.Rounds, o.Requests
	result, err := bench.Run(ctx, bench.Options{
		Server: o.Server, Handler: o.Handler, Baseline: o.Baseline,
		Stays: o.Stays, Few: o.Few, Effort: effort, Progress: os.Stderr,
	})
	if err != nil {
		return err
	}
	return result.Print(os.Stdout)
}

// Command killnotices tells drivers a hundred thousand notices through replicas of the program on one
// database and one bus, and kills replicas, nodes of the bus and the drivers' own programs on the way; some it
// only stops or freezes.
//
//	go run ./server/wholetest/cmd/killnotices [-notices 100000] [-replicas 2] [-seed 1]
//
// It shows how far it is, and fails unless every driver heard everything that the list shows in the end once
// and in order. Its last line is JSON. PostgreSQL and the bus are private servers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"parkbff/server/wholetest/rig"
	"parkbff/server/wholetest/storm"
)

type options struct {
	notices, replicas int
	seed              uint64
	kills             storm.Kills
}

func main() {
	if rig.Played(rig.BusNode, storm.Listener) {
		return
	}
	var o options
	flag.IntVar(&o.notices, "notices", 100_000, "how many are told")
	flag.IntVar(&o.replicas, "replicas", 2, "how many replicas there are")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the moments and victims")
	flag.IntVar(&o.kills.Replicas, "replica-kills", 12, "how often a replica is killed")
	flag.IntVar(&o.kills.BusNodes, "bus-kills", 12, "how often a node of the bus is killed")
	flag.IntVar(&o.kills.Clients, "client-kills", 24, "how often a program of the drivers is killed")
	flag.IntVar(&o.kills.Deploys, "deploys", 4, "how often a replica is asked to leave")
	flag.IntVar(&o.kills.Freezes, "freezes", 8, "how often a replica or a node of the bus stands still for a while")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "killnotices:", err)
		os.Exit(1)
	}
}

// crowd is 48 drivers at four gates.
var crowd = storm.Crowd{Lots: 4, Cars: 6}

const mostInBatch = 100

func (o options) run(ctx context.Context) (err error) {
	fmt.Fprintln(os.Stderr, "seed", o.seed)
	folder, err := os.MkdirTemp("", "parkbff-killnotices-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	program, err := rig.Build(ctx, folder)
	if err != nil {
		return err
	}
	lots, err := crowd.WriteLots(folder)
	if err != nil {
		return err
	}
	site, err := rig.OpenSite(ctx, rig.Plan{Program: program, Folder: folder, Replicas: o.replicas, Lots: lots})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	s, err := storm.Gather(ctx, site, storm.Options{
		Crowd: crowd, Notices: o.notices, Batch: mostInBatch, Seed: o.seed, Log: os.Stderr,
	})
	if err != nil {
		return err
	}
	report, err := s.Run(ctx, s.Strike(o.kills))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	if faults := report.Faults(); len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return nil
}

// Command outages holds docs/OUTAGES.md against two replicas of the program: the database, the bus and the
// room for streams go away and come back, each while ten thousand notices are told.
//
//	go run ./server/wholetest/cmd/outages [-notices 10000] [-rate 300] [-seed 1]
//
// It prints what became of each operation, and fails when a cell of the table says something else, or when
// any driver did not hear everything once and in order. Its last line is JSON. PostgreSQL and the bus are
// private servers; the streams lie on a small file system in memory, where the machine lets one be mounted.
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

	"parkbff/server/wholetest/outage"
	"parkbff/server/wholetest/rig"
	"parkbff/server/wholetest/storm"
)

type options struct {
	table   string
	notices int // during each outage
	rate    float64
	seed    uint64
}

func main() {
	if rig.Played(rig.BusNode, storm.Listener) {
		return
	}
	var o options
	flag.StringVar(&o.table, "table", "docs/OUTAGES.md", "the table")
	flag.IntVar(&o.notices, "notices", 10_000, "how many are told around each outage")
	flag.Float64Var(&o.rate, "rate", 300, "how many are told in a second")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of everything left to chance")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "outages:", err)
		os.Exit(1)
	}
}

// crowd is 24 drivers at two gates.
var crowd = storm.Crowd{Lots: 2, Cars: 6}

func (o options) run(ctx context.Context) (err error) {
	table, err := outage.ReadTable(o.table)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "parkbff-outages-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	room, err := rig.NewRoom(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, room.Close()) }()
	if room.Mounting != nil {
		fmt.Fprintln(os.Stderr, "no disk for the streams, the nodes' limit stands for it:", room.Mounting)
	}
	site, err := open(ctx, folder, room)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	outages := outage.Of(site, room)
	s, err := storm.Gather(ctx, site, storm.Options{
		Crowd: crowd, Notices: len(outages) * o.notices, Rate: o.rate, Batch: 20, Seed: o.seed,
	})
	if err != nil {
		return err
	}
	trial := &outage.Trial{Site: site, Table: table, Outages: outages, Storm: s, Log: os.Stdout}
	report, faults, err := trial.Run(ctx)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	if faults = append(faults, report.Faults()...); len(faults) > 0 {
		return errors.New(strings.Join(faults, "\n"))
	}
	return nil
}

func open(ctx context.Context, folder string, room *rig.Room) (*rig.Site, error) {
	program, err := rig.Build(ctx, folder)
	if err != nil {
		return nil, err
	}
	lots, err := crowd.WriteLots(folder)
	if err != nil {
		return nil, err
	}
	return rig.OpenSite(ctx, rig.Plan{
		Program: program, Folder: folder, Replicas: 2, Lots: lots, Streams: room.Folder(), MaxStore: room.MaxStore(),
	})
}

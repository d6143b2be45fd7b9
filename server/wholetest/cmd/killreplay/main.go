// Command killreplay replays recorded stays to servers that are killed on the way, and shows that they end
// with the same stays and fees as a server that was left alone.
//
//	PARKBFF_SHARED_DATA=../shared/data go run ./server/wholetest/cmd/killreplay [-kills 10] [-lots P1,P4] [-engine sqlite]
//
// For each engine it replays once, once more on the same data, and through the kills on new data; it prints
// the reports and fails when they differ. PostgreSQL is a private server. All six lots take about half an
// hour on each engine; the test of the whole program does the same with one lot.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

type options struct {
	kills   int
	lots    string
	engines string
}

func main() {
	var o options
	flag.IntVar(&o.kills, "kills", 10, "how often the server is killed")
	flag.StringVar(&o.lots, "lots", "P1,P3,P4,P5,P8,P10", "which recorded lots")
	flag.StringVar(&o.engines, "engine", "sqlite,postgres", "on which engines")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "killreplay:", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) (err error) {
	recorded, err := o.recorded()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "parkbff-killreplay-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	program, err := rig.Build(ctx, folder)
	if err != nil {
		return err
	}
	for engine := range strings.SplitSeq(o.engines, ",") {
		site := &site{program: program, folder: folder, engine: engine, lots: recorded.Lots}
		if err := errors.Join(try(ctx, recorded, site), site.clear()); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	return nil
}

// recorded names the files, and spreads the kills over all batches.
func (o options) recorded() (rig.Replay, error) {
	data := os.Getenv("PARKBFF_SHARED_DATA")
	if data == "" {
		return rig.Replay{}, errors.New("PARKBFF_SHARED_DATA does not name the folder of the recorded data")
	}
	data = filepath.Join(data, "sessions")
	r := rig.Replay{Lots: filepath.Join(data, "lots_and_inferred_tariffs.json"), Accounts: 5, Kills: o.kills}
	var bytes int64
	for lot := range strings.SplitSeq(o.lots, ",") {
		path := filepath.Join(data, lot+".csv")
		file, err := os.Stat(path)
		if err != nil {
			return r, err
		}
		r.Sessions, bytes = append(r.Sessions, path), bytes+file.Size()
	}
	const bytesOfBatch = 250 * 40 // 250 stays of about 40 bytes make a batch of 500 observations
	r.Every = max(1, int(bytes/bytesOfBatch)/max(1, o.kills))
	return r, nil
}

func try(ctx context.Context, recorded rig.Replay, site *site) error {
	trial, err := recorded.Try(ctx, func() (*rig.House, error) { return site.begin(ctx) })
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{site.engine: trial}); err != nil {
		return err
	}
	if faults := trial.Faults(); len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return nil
}

// site is where the servers of one engine stand.
type site struct {
	program      rig.Program
	folder       string
	engine, lots string
	houses       []*rig.House
	clusters     []*pgtest.Cluster
}

// begin starts a server on empty data.
func (s *site) begin(ctx context.Context) (*rig.House, error) {
	house := &rig.House{Program: s.program, Data: filepath.Join(s.folder, fmt.Sprintf("%s-%d", s.engine, len(s.houses)))}
	switch s.engine {
	case "sqlite":
	case "postgres":
		cluster, err := pgtest.Start()
		if err != nil {
			return nil, err
		}
		s.clusters, house.Database = append(s.clusters, cluster), cluster.URL
	default:
		return nil, errors.New("there is no such engine")
	}
	if err := house.Start(ctx, "--lots", s.lots); err != nil {
		return nil, err
	}
	s.houses = append(s.houses, house)
	return house, nil
}

func (s *site) clear() (err error) {
	for _, house := range s.houses {
		err = errors.Join(err, house.Kill())
	}
	for _, cluster := range s.clusters {
		err = errors.Join(err, cluster.Stop())
	}
	return err
}

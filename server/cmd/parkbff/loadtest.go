package main

import (
	"errors"
	"os"
	"time"

	"parkbff/server/load"
	"parkbff/server/load/stock"
)

type loadtestCommand struct {
	Subscribers loadSubscribersCommand `cmd:"" help:"Connect subscribers of notices, have gates report, and check that each is told everything once."`
	Watchers    loadWatchersCommand    `cmd:"" help:"Have many watch one lot, and count how often the server executes for them."`
	StockServer stockServerCommand     `cmd:"" hidden:"" help:"Serve what is compared with."`
}

// loadStage is where a load test takes place: on a server of its own.
type loadStage struct {
	Database  string   `help:"URL of a PostgreSQL server, on which a database is made for the run and dropped again; default: SQLite in a temporary folder."`
	ServerEnv []string `placeholder:"NAME=VALUE" help:"Environment of the server, such as GOGC=50; may be given more than once."`
}

type loadSubscribersCommand struct {
	loadStage   `embed:""`
	N           int           `default:"1000" help:"How many subscribers."`
	Rate        float64       `help:"Observations a second, each of which wakes one subscriber; 0: every subscriber is told one notice."`
	Duration    time.Duration `default:"60s" help:"How long the gates report at the rate."`
	Stalled     float64       `default:"0.001" help:"Share of the subscribers that stop reading, with a rate."`
	Settle      time.Duration `default:"60s" help:"How long to wait before the last look at the memory."`
	Compare     bool          `help:"Measure stock gqlgen in the same way."`
	Profile     string        `type:"path" help:"File for a CPU profile of the server while the gates report at a rate."`
	MostP99     time.Duration `name:"most-p99" help:"Fail when p99 is more."`
	MostPeak    float64       `help:"Fail when a subscriber costs more bytes at the peak."`
	MostSettled float64       `help:"Fail when a subscriber costs more bytes in the end."`
}

// Run prints figures, as JSON on the last line, and fails when anything was lost or doubled or a limit did not
// hold.
func (c *loadSubscribersCommand) Run(s *surroundings) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	report, err := load.Run(s.ctx, load.Options{
		Program: program, Database: c.Database, Settings: c.ServerEnv, Profile: c.Profile,
		Subscribers: c.N, Rate: c.Rate, Duration: c.Duration, Stalled: c.Stalled, Settle: c.Settle, Compare: c.Compare,
		MostP99: c.MostP99, MostPeak: c.MostPeak, MostSettled: c.MostSettled, Progress: os.Stderr,
	})
	if err != nil {
		return err
	}
	return errors.Join(report.Print(os.Stdout), report.Verdict())
}

type loadWatchersCommand struct {
	loadStage `embed:""`
	N         int `default:"5000" help:"How many watchers."`
	Documents int `default:"4" help:"How many different documents they send."`
	Changes   int `default:"2" help:"How many changes of the lot; one is public each minute."`

	Settle         time.Duration `default:"60s" help:"How long to wait before the last look at the memory."`
	MostExecutions float64       `help:"Fail when the server executes more often for one change."`
}

// Run prints figures, as JSON on the last line, and fails when a watcher missed a change or was told one twice.
func (c *loadWatchersCommand) Run(s *surroundings) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	report, err := load.Watch(s.ctx, load.WatchOptions{
		Program: program, Database: c.Database, Settings: c.ServerEnv,
		Watchers: c.N, Documents: c.Documents, Changes: c.Changes,
		Settle: c.Settle, MostExecutions: c.MostExecutions, Progress: os.Stderr,
	})
	if err != nil {
		return err
	}
	return errors.Join(report.Print(os.Stdout), report.Verdict())
}

type stockServerCommand struct{}

// Run serves stock gqlgen to people whose tokens the key file has signed.
func (stockServerCommand) Run(s *surroundings) error {
	return stock.Serve(s.ctx, s.config.Addr, s.config.Keys, s.log)
}

package load

import (
	"context"
	"fmt"
	"time"

	"parkbff/server/wholetest/rig"
)

// Memory is what the subscribers of one run cost a server. Bytes are those of resident memory beyond what the
// server held before, for each subscriber.
type Memory struct {
	Baseline   int64 // of the server, before
	Idle       float64
	Peak       float64
	Settled    float64
	Goroutines float64 // for each connection
}

// scale weighs a server.
type scale struct {
	house       *rig.House
	subscribers int
	goroutines  float64 // before
	Memory
}

// weigh begins: what stands now is the server's own. It must have been warmed up, so that code and tables are in
// memory that every server needs.
func weigh(ctx context.Context, house *rig.House, subscribers int) (_ *scale, err error) {
	s := &scale{house: house, subscribers: subscribers}
	if s.goroutines, err = metric(ctx, house, metricGoroutines, "", ""); err != nil {
		return nil, err
	}
	if s.Baseline, err = resident(house.PID()); err != nil {
		return nil, err
	}
	return s, forgetPeak(house.PID())
}

// idle weighs with everybody connected and nothing told.
func (s *scale) idle(ctx context.Context) error {
	goroutines, err := metric(ctx, s.house, metricGoroutines, "", "")
	if err != nil {
		return err
	}
	s.Goroutines = (goroutines - s.goroutines) / float64(s.subscribers)
	s.Idle, err = s.each(resident)
	return err
}

// settled weighs a while after everybody has been told, and the peak of all.
func (s *scale) settled(ctx context.Context, after time.Duration) (err error) {
	if s.Peak, err = s.each(peak); err != nil {
		return err
	}
	if err := sleepUntil(ctx, time.Now().Add(after)); err != nil {
		return err
	}
	s.Settled, err = s.each(resident)
	return err
}

func (s *scale) each(weight func(pid int) (int64, error)) (float64, error) {
	bytes, err := weight(s.house.PID())
	if err != nil {
		return 0, fmt.Errorf("weigh: %w", err)
	}
	return float64(bytes-s.Baseline) / float64(s.subscribers), nil
}

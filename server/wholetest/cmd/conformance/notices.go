package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"parkbff/server/wholetest/rig"
)

const (
	stays  = 500 // of one car, each of two notices
	resets = 20
)

// receiveNotices lets the client receive the notices of stays that a gate reports meanwhile.
func (s scripts) receiveNotices(ctx context.Context, house *rig.House) error {
	driver, gate, err := prepare(ctx, house, driverOfConformance)
	if err != nil {
		return err
	}
	// A first notice gives the client a cursor to begin behind: a reset before the first of those that
	// count would lose it otherwise, because a client without a cursor asks for what comes from now on.
	if err := report(ctx, gate, driverOfConformance); err != nil {
		return err
	}
	after, err := newestCursor(ctx, driver)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		// Option and value are one argument: a cursor may begin with a dash.
		return s.run(ctx, "node", "notices.mjs", "--url="+socketOf(house),
			"--token="+driver.Token, "--after="+after, "--count="+strconv.Itoa(2*stays), "--resets="+strconv.Itoa(resets))
	})
	group.Go(func() error {
		for range stays {
			if err := report(ctx, gate, driverOfConformance); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// driverOfConformance follows, so that there are notices. No such person exists.
var driverOfConformance = rig.Person{Mobile: "19900000001", Channel: "APP", Plate: "浙AC0NF1"}

func prepare(ctx context.Context, house *rig.House, person rig.Person) (driver, gate rig.Client, err error) {
	tokens, err := house.SignIn(ctx, person)
	if err != nil {
		return driver, gate, err
	}
	driver = rig.Client{House: house, Token: tokens.AccessToken}
	if _, err := driver.Bind(ctx, person); err != nil {
		return driver, gate, err
	}
	token, err := house.Token(ctx, rig.GateToken, rig.OtherLot)
	return driver, rig.Client{House: house, Token: token}, err
}

// report lets the car come and go: stays of a moment, each after the other.
func report(ctx context.Context, gate rig.Client, person rig.Person) error {
	for _, direction := range []string{rig.Entry, rig.Exit} {
		now := time.Now()
		event := fmt.Sprintf("conformance-%d", now.UnixNano())
		answer, err := gate.Report(ctx, rig.Seen(event, rig.OtherLot, direction, person.Plate, now))
		if err == nil {
			err = answer.Into(new(any))
		}
		if err != nil {
			return fmt.Errorf("report %s: %w", event, err)
		}
	}
	return nil
}

func newestCursor(ctx context.Context, driver rig.Client) (string, error) {
	var data struct {
		Viewer struct {
			Notices struct{ Edges []struct{ Cursor string } }
		}
	}
	answer, err := driver.Ask(ctx, `{ viewer { notices(first: 1) { edges { cursor } } } }`, nil)
	if err == nil {
		err = answer.Into(&data)
	}
	if err != nil {
		return "", fmt.Errorf("read the newest notice: %w", err)
	}
	if len(data.Viewer.Notices.Edges) == 0 {
		return "", errors.New("a car came and went, and its driver was not told")
	}
	return data.Viewer.Notices.Edges[0].Cursor, nil
}

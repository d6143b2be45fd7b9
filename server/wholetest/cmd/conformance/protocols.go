package main

import (
	"context"
	"strconv"
	"strings"

	"parkbff/server/wholetest/rig"
)

// driverOfProtocols receives what the scenarios replay. No such person exists.
var driverOfProtocols = rig.Person{Mobile: "19900000002", Channel: "APP", Plate: "浙AC0DE5"}

const staysReplayed = 2 // each of two notices

// speakProtocols lets the same clients speak to the reference server of sockets and to ours, and then the
// client of server-sent events to ours in both of its modes.
func (s scripts) speakProtocols(ctx context.Context, house *rig.House) error {
	driver, gate, err := prepare(ctx, house, driverOfProtocols)
	if err != nil {
		return err
	}
	if err := report(ctx, gate, driverOfProtocols); err != nil {
		return err
	}
	after, err := newestCursor(ctx, driver)
	if err != nil {
		return err
	}
	for range staysReplayed {
		if err := report(ctx, gate, driverOfProtocols); err != nil {
			return err
		}
	}
	told := []string{"--token=" + driver.Token, "--after=" + after, "--notices=" + strconv.Itoa(2*staysReplayed), "--lot=" + rig.Lot}
	if err := s.run(ctx, "node", append([]string{"closecodes.mjs", "--url=" + socketOf(house)}, told...)...); err != nil {
		return err
	}
	return s.run(ctx, "node", append([]string{"events.mjs", "--url=" + house.URL() + "/graphql"}, told...)...)
}

func socketOf(house *rig.House) string {
	return strings.Replace(house.URL(), "http:", "ws:", 1) + "/graphql"
}

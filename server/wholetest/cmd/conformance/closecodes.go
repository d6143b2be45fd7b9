package main

import (
	"context"
	"strconv"
	"strings"

	"parkbff/server/wholetest/rig"
)

// driverOfCloseCodes receives what the scenarios replay. No such person exists.
var driverOfCloseCodes = rig.Person{Mobile: "19900000002", Channel: "APP", Plate: "浙AC0DE5"}

const staysReplayed = 2 // each of two notices

// compareCloseCodes lets the same clients speak to the reference server and to ours.
func (s scripts) compareCloseCodes(ctx context.Context, house *rig.House) error {
	driver, gate, err := prepare(ctx, house, driverOfCloseCodes)
	if err != nil {
		return err
	}
	if err := report(ctx, gate, driverOfCloseCodes); err != nil {
		return err
	}
	after, err := newestCursor(ctx, driver)
	if err != nil {
		return err
	}
	for range staysReplayed {
		if err := report(ctx, gate, driverOfCloseCodes); err != nil {
			return err
		}
	}
	return s.run(ctx, "node", "closecodes.mjs", "--url="+socketOf(house), "--token="+driver.Token,
		"--after="+after, "--notices="+strconv.Itoa(2*staysReplayed), "--lot="+rig.Lot)
}

func socketOf(house *rig.House) string {
	return strings.Replace(house.URL(), "http:", "ws:", 1) + "/graphql"
}

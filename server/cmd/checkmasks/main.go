// Command checkmasks tries the tests: it takes away one guard at a time and expects a test to fail every
// time. A guard that nobody misses is not proved. It takes away
//
//   - each @mask and each @requires of the contract, by its coordinate;
//   - each formula, so that the value is shown as it is;
//   - the vehicle or the lot at hand, so that a fact about any of the viewer's counts;
//   - full masking, hidden records, and each rule of the row policies;
//   - what is asked again when a message leaves the program, and its masks;
//   - and, for some fields, the directive itself from the SDL, from which everything is then generated anew.
//
// It changes no file: changed sources are laid over the true ones for the compiler only. All but the last
// stand in one build, as switches that an environment variable turns off one at a time.
//
// Arguments name what to try, such as ParkingSession.lotName; without any, all is tried. -sample tries a few,
// others every day.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	sample := flag.Bool("sample", false, "try a few only, others every day")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, *sample, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "checkmasks:", err)
		os.Exit(1)
	}
}

// mutation is one guard taken away.
type mutation struct {
	name   string // as it is told, and as the switch is called
	killer []tests
	remove *removal // from the SDL; nil: by a switch
}

func run(ctx context.Context, out io.Writer, sample bool, only []string) error {
	mutations, err := allMutations()
	if err != nil {
		return err
	}
	switch {
	case len(only) > 0:
		mutations = slices.DeleteFunc(mutations, func(m mutation) bool {
			return !slices.ContainsFunc(only, func(name string) bool { return strings.Contains(m.name, name) })
		})
	case sample:
		mutations = sampleOf(mutations, int(time.Now().Unix()/(24*60*60)))
	}
	if len(mutations) == 0 {
		return fmt.Errorf("nothing to take away is called %v", only)
	}
	bench, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer bench.close()
	return tryEach(ctx, out, bench, mutations)
}

func tryEach(ctx context.Context, out io.Writer, bench *bench, mutations []mutation) error {
	caught := 0
	for _, m := range mutations {
		failed, err := bench.try(ctx, m)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", m.name, err)
		case failed == "":
			fmt.Fprintf(out, "NOT MISSED  %s\n", m.name)
		default:
			caught++
			fmt.Fprintf(out, "missed      %s by %s\n", m.name, failed)
		}
	}
	fmt.Fprintf(out, "masks: %d of %d caught\n", caught, len(mutations))
	if caught < len(mutations) {
		return errors.New("some guards can be taken away without a test failing")
	}
	return nil
}

// sampleOf picks three coordinates and one swapped fact, by the day.
func sampleOf(all []mutation, day int) []mutation {
	var coordinates, swaps, picked []mutation
	for _, m := range all {
		switch {
		case strings.HasPrefix(m.name, "@"):
			coordinates = append(coordinates, m)
		case strings.HasPrefix(m.name, "swap "):
			swaps = append(swaps, m)
		}
	}
	for i := range 3 {
		picked = append(picked, coordinates[(3*day+i)%len(coordinates)])
	}
	return append(picked, swaps[day%len(swaps)])
}

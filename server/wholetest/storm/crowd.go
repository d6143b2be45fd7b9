//go:build linux || darwin

package storm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"parkbff/server/wholetest/rig"
)

// listenersOfCar is how many accounts have bound each car: one observation tells them all.
const listenersOfCar = 2

// Crowd is how many lots there are, each with one gate, and how many cars come and go at each of them.
type Crowd struct {
	Lots, Cars int
}

// Accounts is how many drivers listen.
func (c Crowd) Accounts() int { return c.Lots * c.Cars * listenersOfCar }

// WriteLots writes a lot file for the crowd into a folder and answers its path. The lots are free, so that
// no barrier holds a car.
func (c Crowd) WriteLots(folder string) (string, error) {
	var file struct {
		Lots []map[string]any `json:"lots"`
	}
	for i := range c.Lots {
		file.Lots = append(file.Lots, map[string]any{
			"code": lotCode(i), "name": fmt.Sprintf("云山月湖%d号停车场", i+1), "city": "杭州", "capacity": 300,
		})
	}
	text, err := json.Marshal(file)
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "crowd.json")
	return path, os.WriteFile(path, text, 0o600)
}

// FirstLot is the code of the lot that every crowd has.
const FirstLot = "ST-1"

func lotCode(i int) string { return fmt.Sprintf("ST-%d", i+1) }

// driver is an account that listens. No such person exists.
type driver struct {
	rig.Person
	car    *car
	tokens rig.Tokens
	since  string // the id of the last notice before the storm
	after  string // and its cursor
}

// car comes and goes at one gate.
type car struct {
	plate  string
	inside bool
	seen   int // observations that were taken since the storm began
}

// gate is the one gate of a lot.
type gate struct {
	lot   string
	token string
	cars  []*car
	turn  int
	last  time.Time // what it saw last
	sent  int
	quota int
}

// gather settles everybody, and lets every car come and go once: a client without a cursor is told from now
// on only, so each needs a first notice to begin behind.
func (s *Storm) gather(ctx context.Context) error {
	for i := range s.crowd.Lots {
		token, err := s.site.Replicas[0].Token(ctx, rig.GateToken, lotCode(i))
		if err != nil {
			return err
		}
		g := &gate{lot: lotCode(i), token: token}
		for range s.crowd.Cars {
			if err := s.settle(ctx, g); err != nil {
				return err
			}
		}
		if err := s.insist(ctx, g, g.sees(2*len(g.cars))); err != nil {
			return err
		}
		s.gates = append(s.gates, g)
	}
	for _, d := range s.drivers {
		if err := s.begin(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// settle makes one more car of a gate, and the drivers who have bound it.
func (s *Storm) settle(ctx context.Context, g *gate) error {
	c := &car{plate: fmt.Sprintf("浙D%05d", len(s.drivers))}
	g.cars = append(g.cars, c)
	for range listenersOfCar {
		d := &driver{car: c, Person: rig.Person{Mobile: fmt.Sprintf("199%08d", len(s.drivers)), Channel: "APP", Plate: c.plate}}
		if err := s.signIn(ctx, d, len(s.drivers)); err != nil {
			return err
		}
		if _, err := (rig.Client{House: s.site.Replicas[0], Token: d.tokens.AccessToken}).Bind(ctx, d.Person); err != nil {
			return err
		}
		s.drivers = append(s.drivers, d)
	}
	return nil
}

// signIn spreads the sign-ins over the replicas, each of which bounds them for one address.
func (s *Storm) signIn(ctx context.Context, d *driver, i int) (err error) {
	d.tokens, err = s.site.Replicas[i%len(s.site.Replicas)].SignIn(ctx, d.Person)
	return err
}

func (s *Storm) begin(ctx context.Context, d *driver) error {
	newest, _, err := s.page(ctx, d, "")
	if err != nil {
		return err
	}
	if len(newest) == 0 {
		return errors.New("a car came and went, and its driver was not told")
	}
	d.since, d.after = newest[0].Node.ID, newest[0].Cursor
	return nil
}

// sees answers what the gate sees next: cars in turn, each coming and going.
func (g *gate) sees(n int) (batch []rig.Observation) {
	for range n {
		c := g.cars[g.turn%len(g.cars)]
		direction := rig.Entry
		if c.inside {
			direction = rig.Exit
		}
		c.inside = !c.inside
		g.turn++
		// No two moments are one: what a car did first is first.
		g.last = later(time.Now(), g.last.Add(time.Millisecond))
		batch = append(batch, rig.Seen(fmt.Sprintf("%s-%d", g.lot, g.turn), g.lot, direction, c.plate, g.last))
	}
	return batch
}

// note counts what was taken of the last n that the gate saw.
func (g *gate) note(n int) {
	for i := g.turn - n; i < g.turn; i++ {
		g.cars[i%len(g.cars)].seen++
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

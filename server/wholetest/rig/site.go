//go:build linux || darwin

package rig

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
)

// Site is replicas of the program on one database and one bus, as in production but for its stand-ins.
type Site struct {
	Replicas []*House
	Database *Database
	Bus      *Bus
}

// Plan of a Site.
type Plan struct {
	Program  Program
	Folder   string // of everything but the database
	Replicas int
	Lots     string // the lot file
	// Streams is where the bus keeps them, and how many bytes they may take on each node. Zero values are
	// a folder within Folder, and more than any test needs.
	Streams  string
	MaxStore int64
}

const plentyOfStore = 1 << 30

// OpenSite starts everything. The executable must play BusNode.
func OpenSite(ctx context.Context, p Plan) (_ *Site, err error) {
	s := &Site{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if p.Streams == "" {
		p.Streams = filepath.Join(p.Folder, "streams")
	}
	if p.MaxStore == 0 {
		p.MaxStore = plentyOfStore
	}
	if s.Database, err = NewDatabase(ctx); err != nil {
		return nil, err
	}
	if s.Bus, err = StartBus(ctx, p.Streams, p.MaxStore); err != nil {
		return nil, err
	}
	addresses, err := freePorts(p.Replicas)
	if err != nil {
		return nil, err
	}
	keys := ""
	for i, at := range addresses {
		h := &House{
			Program: p.Program, Data: filepath.Join(p.Folder, "replica"+strconv.Itoa(i)),
			Database: s.Database.URL(), Addr: at, Extra: []string{"PARKBFF_NATS_URL=" + s.Bus.URL()},
		}
		var args []string
		if i == 0 { // it makes the keys and knows the lots; the others share them
			keys, args = filepath.Join(h.Data, "keys"), []string{"--lots", p.Lots}
		} else {
			h.Extra = append(h.Extra, "PARKBFF_KEYS="+keys)
		}
		if err := h.Start(ctx, args...); err != nil {
			return nil, fmt.Errorf("replica %d: %w", i, err)
		}
		s.Replicas = append(s.Replicas, h)
	}
	return s, nil
}

// Close ends everything, as a power cut would.
func (s *Site) Close() (err error) {
	for _, h := range s.Replicas {
		err = errors.Join(err, h.Kill())
	}
	if s.Bus != nil {
		err = errors.Join(err, s.Bus.KillAll())
	}
	if s.Database != nil {
		err = errors.Join(err, s.Database.Close())
	}
	return err
}

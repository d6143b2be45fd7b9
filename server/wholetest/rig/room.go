package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
)

// Room is where the nodes of a bus keep their streams, and can be filled: a small file system in memory,
// where this machine lets one be mounted, else as much as the nodes are told they may take.
type Room struct {
	disk *Disk  // nil: the nodes' own limit
	path string // of the streams
	// Mounting is why there is no file system; nil when there is.
	Mounting error
}

const (
	roomOfDisk = 64 // MB, of all nodes together
	roomOfNode = 16 << 20
	pieceOf    = 256 << 10 // bytes of ballast at a time
	ballast    = "BALLAST"
)

// NewRoom makes one within an empty folder.
func NewRoom(folder string) (*Room, error) {
	point := filepath.Join(folder, "room")
	if err := os.Mkdir(point, 0o700); err != nil {
		return nil, err
	}
	disk, err := NewDisk(point, roomOfDisk)
	if err != nil {
		limited := LimitedRoom(point)
		limited.Mounting = err
		return limited, nil
	}
	return &Room{disk: disk, path: disk.Folder()}, nil
}

// LimitedRoom is a folder, of which the nodes take only so much.
func LimitedRoom(folder string) *Room { return &Room{path: folder} }

// Folder is for the streams.
func (r *Room) Folder() string { return r.path }

// MaxStore is what each node is told that its streams may take: on a disk more than there is.
func (r *Room) MaxStore() int64 {
	if r.disk != nil {
		return plentyOfStore
	}
	return roomOfNode
}

// Fill takes all the room there is.
func (r *Room) Fill(ctx context.Context, b *Bus) error {
	if r.disk != nil {
		return r.disk.Fill()
	}
	piece := make([]byte, pieceOf)
	return b.withStreams(ctx, func(streams nats.JetStreamContext) error {
		_, err := streams.AddStream(&nats.StreamConfig{Name: ballast, Subjects: []string{ballast}, Replicas: busNodes})
		for err == nil {
			_, err = streams.Publish(ballast, piece)
		}
		if refused := (*nats.APIError)(nil); errors.As(err, &refused) {
			return nil
		}
		return fmt.Errorf("fill the streams: %w", err)
	})
}

// Free gives the room back. A node that found its disk full keeps no streams any more until it is started
// again, so an operator does that, one node after the other; and so does this.
func (r *Room) Free(ctx context.Context, b *Bus) error {
	if r.disk == nil {
		return b.withStreams(ctx, func(streams nats.JetStreamContext) error {
			err := streams.DeleteStream(ballast)
			if errors.Is(err, nats.ErrStreamNotFound) { // an earlier try has deleted it
				return nil
			}
			return err
		})
	}
	if err := r.disk.Free(); err != nil {
		return err
	}
	return b.Renew(ctx)
}

// Close unmounts what was mounted.
func (r *Room) Close() error {
	if r.disk == nil {
		return nil
	}
	return r.disk.Close()
}

const streamsWithin = 5 * time.Second

// withStreams does something with the cluster's streams, again and again until it succeeds: nodes that are
// busy or full answer late or not at all.
func (b *Bus) withStreams(ctx context.Context, do func(nats.JetStreamContext) error) error {
	conn, err := nats.Connect(b.URL())
	if err != nil {
		return err
	}
	defer conn.Close()
	streams, err := conn.JetStream(nats.MaxWait(streamsWithin))
	if err != nil {
		return err
	}
	return b.try(ctx, func() error { return do(streams) })
}

package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// busNodes is how many nodes a cluster has: one may be lost.
const busNodes = 3

// Bus is a cluster of NATS servers with JetStream, each a process of its own that can be killed.
type Bus struct {
	Log Log // of all nodes

	parts [busNodes]busPart
	nodes [busNodes]*Process
}

// busPart is what a node is told.
type busPart struct {
	Name, At, ClusterAt, Folder string
	Routes                      []string
	MaxStore                    int64 // bytes that its streams may take
}

// StartBus starts a cluster whose streams lie in a folder and may take so many bytes on each node. The
// executable must play BusNode.
func StartBus(ctx context.Context, folder string, maxStore int64) (*Bus, error) {
	at, err := freePorts(2 * busNodes)
	if err != nil {
		return nil, err
	}
	b := &Bus{}
	for i := range b.parts {
		name := "node" + strconv.Itoa(i)
		b.parts[i] = busPart{
			Name: name, At: at[i], ClusterAt: at[busNodes+i], Routes: at[busNodes:],
			Folder: filepath.Join(folder, name), MaxStore: maxStore,
		}
	}
	return b, b.StartAll(ctx)
}

// URL names all nodes, as PARKBFF_NATS_URL does.
func (b *Bus) URL() string {
	var all []string
	for _, part := range b.parts {
		all = append(all, "nats://"+part.At)
	}
	return strings.Join(all, ",")
}

// Nodes is how many there are.
func (b *Bus) Nodes() int { return busNodes }

// StartAll starts every node that does not run, and returns when the cluster keeps streams.
func (b *Bus) StartAll(ctx context.Context) error {
	for i := range b.nodes {
		if err := b.launch(i); err != nil {
			return err
		}
	}
	return b.await(ctx, b.URL())
}

// Start starts a node that was killed, and returns when it serves.
func (b *Bus) Start(ctx context.Context, node int) error {
	if err := b.launch(node); err != nil {
		return err
	}
	return b.await(ctx, b.parts[node].At)
}

// Renew starts every node anew, one after the other, so that the bus is never away, and returns when the
// cluster keeps streams. No node waits for that: too few may keep any before the last is renewed.
func (b *Bus) Renew(ctx context.Context) error {
	for i := range b.nodes {
		if err := errors.Join(b.Kill(i), b.launch(i)); err != nil {
			return err
		}
		if err := b.try(ctx, func() error { return b.reachable(i) }); err != nil {
			return err
		}
	}
	return b.await(ctx, b.URL())
}

func (b *Bus) reachable(node int) error {
	conn, err := nats.Connect(b.parts[node].At)
	if err == nil {
		conn.Close()
	}
	return err
}

// Kill ends a node by SIGKILL.
func (b *Bus) Kill(node int) error {
	if b.nodes[node] == nil {
		return nil
	}
	err := b.nodes[node].Kill()
	b.nodes[node] = nil
	return err
}

// Freeze lets a running node stand still until Thaw.
func (b *Bus) Freeze(node int) error { return b.nodes[node].Freeze() }

// Thaw lets it go on.
func (b *Bus) Thaw(node int) error { return b.nodes[node].Thaw() }

// KillAll ends every node.
func (b *Bus) KillAll() (err error) {
	for i := range b.nodes {
		err = errors.Join(err, b.Kill(i))
	}
	return err
}

func (b *Bus) launch(node int) error {
	if b.nodes[node] != nil {
		return nil
	}
	part, err := json.Marshal(b.parts[node])
	if err != nil {
		return err
	}
	command, err := BusNode.PlayedBy(part)
	if err != nil {
		return err
	}
	command.Stdout, command.Stderr = &b.Log, &b.Log
	if b.nodes[node], err = Spawn(command); err != nil {
		return fmt.Errorf("start a node of the bus: %w", err)
	}
	return nil
}

// await returns when the servers of a URL know who leads the streams.
func (b *Bus) await(ctx context.Context, url string) error {
	return b.try(ctx, func() error { return keepsStreams(url) })
}

// try asks again and again until all is well.
func (b *Bus) try(ctx context.Context, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the bus is not ready: %w: %w; it wrote:\n%s", ctx.Err(), err, b.Log.String())
		case <-time.After(10 * askEvery):
		}
	}
}

func keepsStreams(url string) error {
	conn, err := nats.Connect(url, nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	streams, err := conn.JetStream(nats.MaxWait(time.Second))
	if err != nil {
		return err
	}
	_, err = streams.AccountInfo()
	return err
}

// BusNode is one node of a Bus.
var BusNode = Role{Name: "bus-node", Play: playBusNode}

const nodeMemory = 16 << 20 // bytes of streams that are kept in memory

func playBusNode(part []byte) error {
	var p busPart
	if err := json.Unmarshal(part, &p); err != nil {
		return err
	}
	options := &server.Options{
		ServerName: p.Name, NoSigs: true,
		JetStream: true, StoreDir: p.Folder, JetStreamMaxStore: p.MaxStore, JetStreamMaxMemory: nodeMemory,
		Cluster: server.ClusterOpts{Name: "parkbff"},
	}
	var err error
	if options.Host, options.Port, err = split(p.At); err != nil {
		return err
	}
	if options.Cluster.Host, options.Cluster.Port, err = split(p.ClusterAt); err != nil {
		return err
	}
	for _, route := range p.Routes {
		options.Routes = append(options.Routes, &url.URL{Scheme: "nats", Host: route})
	}
	node, err := server.NewServer(options)
	if err != nil {
		return err
	}
	node.ConfigureLogger()
	node.Start()
	node.WaitForShutdown()
	return nil
}

func split(at string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(at)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	return host, port, err
}

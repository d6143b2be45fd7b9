package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"parkbff/internal/clock"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	workStream  = "PARKBFF_WORK"
	workSubject = "work"
	workers     = "workers" // the consumer that all replicas share

	// duplicateWindow is how long the stream knows an id it has taken.
	duplicateWindow = 2 * time.Minute
	// ackWait is how long one replica may be at work on a message before another is given it. Whoever handles
	// one must be done earlier.
	ackWait = 90 * time.Second

	workBytes     = 256 << 20 // of a cluster's stream, and
	embeddedBytes = 16 << 20  // of the embedded one, which is held in memory
	// beatEvery is how often the servers say that there is no work: without that for two beats, the stream is
	// asked for anew, or made anew where the servers have lost it.
	beatEvery = 2 * time.Second
	askEvery  = 20 * time.Second // for work

	workCall        = 5 * time.Second
	atOnce          = time.Millisecond
	workReopenAfter = time.Second
	// clusterOfThree is the least number of servers over which the stream is kept in three copies.
	clusterOfThree = 3
)

// Work is a stream of work that all replicas share: each message goes to one of them at a time.
//
// A cluster keeps it on disk, in three copies when PARKBFF_NATS_URL names three servers; the embedded server
// in memory. So what is to be done must stand elsewhere as well, and a message that is lost must cost time only.
type Work struct {
	bus *Bus

	mu     sync.Mutex
	stream jetstream.JetStream // nil until it was first needed
	folder string              // the embedded server's, made for this process
}

// Work answers the bus's stream of work. It is made on the servers when it is first used.
func (b *Bus) Work() *Work { return &b.work }

// Publish adds a message, unless the stream has had one of that id within two minutes. It answers when the
// stream has it. It fails when the bus is away or the stream is full: nothing that it holds is dropped for it.
// Neither id nor payload may hold a personal value.
func (w *Work) Publish(ctx context.Context, id string, payload []byte) error {
	stream, err := w.open(ctx)
	if err != nil {
		return fmt.Errorf("publish work: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, workCall)
	defer cancel()
	_, err = stream.Publish(ctx, workSubject, payload, jetstream.WithMsgID(id))
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		w.forget()
	}
	if err != nil {
		return fmt.Errorf("publish work: %w", err)
	}
	return nil
}

// forget has the stream made anew, as on servers that were replaced or have lost their disks.
func (w *Work) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stream = nil
}

// Consume gives messages to do, as many at a time as parallel, until ctx ends; it then waits for those at
// work, whose context does not end with ctx. Do answers how long to wait before the message is given to some
// replica again; zero: it is done with. A message whose replica dies is given to another after 90 s. While the
// bus is away Consume waits.
func (w *Work) Consume(ctx context.Context, parallel int, do func(ctx context.Context, payload []byte) (again time.Duration)) {
	var working sync.WaitGroup
	defer working.Wait()
	slots := make(chan struct{}, parallel)
	for ctx.Err() == nil {
		if err := w.consume(ctx, slots, &working, do); err != nil && ctx.Err() == nil {
			w.bus.log.WarnContext(ctx, "work cannot be taken from the bus; it will be tried again", "error", err)
		}
		_ = clock.Wait(ctx, workReopenAfter) // the loop asks ctx itself
	}
}

func (w *Work) consume(ctx context.Context, slots chan struct{}, working *sync.WaitGroup, do func(context.Context, []byte) time.Duration) error {
	messages, err := w.messages(ctx, cap(slots))
	if err != nil {
		return err
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Drain)()
	for {
		slots <- struct{}{}
		m, err := messages.Next()
		if err != nil {
			<-slots
			if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
				return nil
			}
			return err
		}
		if ctx.Err() != nil { // another replica shall have at once what this one has not begun
			<-slots
			w.settle(m, atOnce)
			continue
		}
		working.Go(func() {
			defer func() { <-slots }()
			w.settle(m, do(context.WithoutCancel(ctx), m.Data()))
		})
	}
}

// settle says what becomes of a message. When that cannot be said the message comes again.
func (w *Work) settle(m jetstream.Msg, again time.Duration) {
	err := error(nil)
	if again > 0 {
		err = m.NakWithDelay(again)
	} else {
		err = m.Ack()
	}
	if err != nil {
		w.bus.log.Warn("the bus was not told what became of work; it will come again", "error", err)
	}
}

func (w *Work) messages(ctx context.Context, parallel int) (jetstream.MessagesContext, error) {
	stream, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, workCall)
	defer cancel()
	// The servers may have been replaced by ones without the stream.
	if err := w.define(ctx, stream); err != nil {
		return nil, err
	}
	consumer, err := stream.CreateOrUpdateConsumer(ctx, workStream, jetstream.ConsumerConfig{
		Durable: workers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxDeliver: -1, MaxAckPending: -1,
	})
	if err != nil {
		return nil, err
	}
	return consumer.Messages(jetstream.PullMaxMessages(parallel), jetstream.PullExpiry(askEvery), jetstream.PullHeartbeat(beatEvery))
}

// open makes the stream when it is first needed.
func (w *Work) open(ctx context.Context) (jetstream.JetStream, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stream != nil {
		return w.stream, nil
	}
	if err := w.bus.Healthy(); err != nil {
		return nil, err
	}
	if err := w.enable(); err != nil {
		return nil, err
	}
	stream, err := jetstream.New(w.bus.conn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, workCall)
	defer cancel()
	if err := w.define(ctx, stream); err != nil {
		return nil, err
	}
	w.stream = stream
	return stream, nil
}

func (w *Work) define(ctx context.Context, stream jetstream.JetStream) error {
	c := jetstream.StreamConfig{
		Name: workStream, Subjects: []string{workSubject}, Retention: jetstream.WorkQueuePolicy,
		Discard: jetstream.DiscardNew, Duplicates: duplicateWindow,
		Storage: jetstream.FileStorage, MaxBytes: workBytes, Replicas: w.bus.copies,
	}
	if w.bus.embedded != nil {
		c.Storage, c.MaxBytes, c.Replicas = jetstream.MemoryStorage, embeddedBytes, 1
	}
	if _, err := stream.CreateOrUpdateStream(ctx, c); err != nil {
		return fmt.Errorf("the stream of work: %w", err)
	}
	return nil
}

// enable lets the embedded server have streams. Each process has a folder of its own, since commands beside
// a server have a bus of their own too.
func (w *Work) enable() (err error) {
	s := w.bus.embedded
	if s == nil || s.JetStreamEnabled() {
		return nil
	}
	if w.folder, err = os.MkdirTemp("", "parkbff-bus-"); err != nil {
		return fmt.Errorf("embedded bus: %w", err)
	}
	err = s.EnableJetStream(&server.JetStreamConfig{MaxMemory: 2 * embeddedBytes, MaxStore: 1 << 20, StoreDir: w.folder})
	if err != nil {
		return errors.Join(fmt.Errorf("embedded bus: streams: %w", err), w.discard())
	}
	return nil
}

// discard removes the embedded server's folder, once the server is down.
func (w *Work) discard() error {
	if w.folder == "" {
		return nil
	}
	return os.RemoveAll(w.folder)
}

// copiesOn answers in how many copies a cluster of these servers keeps its stream.
func copiesOn(url string) int {
	if strings.Count(url, ",")+1 >= clusterOfThree {
		return clusterOfThree
	}
	return 1
}

package bus_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"parkbff/internal/bus"
)

// A replica that was cut off compares with the store when it is back, even when the server is too busy at
// that moment to answer in time.
func TestWhatToDoAfterAReconnectionIsDoneHoweverSlowTheServerIs(t *testing.T) {
	const longerThanAFlushWaits = 2500 * time.Millisecond
	server := listenAsServer(t)
	b, back := openAt(t, server, nil)

	first := server.accept()
	first.welcome()
	opened := b()
	first.cut()
	second := server.accept()
	second.welcome()
	second.answerAfter(longerThanAFlushWaits)

	mustHappen(t, back)
	mustBecome(t, opened, nil)
}

func TestALineThatBreaksWhileItIsMendedIsNoFailure(t *testing.T) {
	server := listenAsServer(t)
	var log syncedBuffer
	b, back := openAt(t, server, slog.New(slog.NewTextHandler(&log, nil)))

	first := server.accept()
	first.welcome()
	opened := b()
	first.cut()
	server.accept().cut() // in the middle of the greeting
	third := server.accept()
	third.welcome()
	third.answerAfter(0)

	mustHappen(t, back)
	mustBecome(t, opened, nil)
	if got := log.String(); strings.Contains(got, "level=ERROR") || !strings.Contains(got, "bus cannot be reached yet") {
		t.Errorf("log:\n%s", got)
	}
}

// openAt opens a bus while the test plays its server; opened waits for it.
func openAt(t *testing.T, server *fakeServer, log *slog.Logger) (opened func() *bus.Bus, back <-chan struct{}) {
	t.Helper()
	made := make(chan *bus.Bus, 1)
	hooked := make(chan struct{}, 10)
	go func() {
		b, err := bus.Open(t.Context(), bus.Options{URL: server.listener.Addr().String(), Log: log})
		if err != nil {
			t.Error(err)
			close(made)
			return
		}
		b.OnReconnect(func() { hooked <- struct{}{} })
		made <- b
	}()
	return func() *bus.Bus {
		b := <-made
		if b == nil {
			t.FailNow()
		}
		t.Cleanup(func() { _ = b.Close(t.Context()) })
		return b
	}, hooked
}

// fakeServer speaks as much of NATS as a client needs to connect
// (https://docs.nats.io/reference/reference-protocols/nats-protocol).
type fakeServer struct {
	t        *testing.T
	listener net.Listener
}

func listenAsServer(t *testing.T) *fakeServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &fakeServer{t, l}
}

type fakeLine struct {
	t    *testing.T
	conn net.Conn
	said *bufio.Scanner
}

// accept takes the next connection and greets it, up to what the client says first.
func (s *fakeServer) accept() *fakeLine {
	s.t.Helper()
	conn, err := s.listener.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	line := &fakeLine{s.t, conn, bufio.NewScanner(conn)}
	line.say(`INFO {"server_id":"fake","version":"2.15.0","proto":1,"max_payload":1048576}`)
	line.hear("CONNECT")
	return line
}

// welcome ends the greeting.
func (l *fakeLine) welcome() {
	l.t.Helper()
	l.hear("PING")
	l.say("PONG")
}

// answerAfter answers every question from now on, the first one late.
func (l *fakeLine) answerAfter(pause time.Duration) {
	go func() {
		for l.said.Scan() {
			if l.said.Text() != "PING" {
				continue
			}
			time.Sleep(pause)
			pause = 0
			_, _ = io.WriteString(l.conn, "PONG\r\n")
		}
	}()
}

func (l *fakeLine) cut() { _ = l.conn.Close() }

func (l *fakeLine) say(text string) {
	l.t.Helper()
	if _, err := io.WriteString(l.conn, text+"\r\n"); err != nil {
		l.t.Fatal(err)
	}
}

func (l *fakeLine) hear(word string) {
	l.t.Helper()
	for l.said.Scan() {
		if strings.HasPrefix(l.said.Text(), word) {
			return
		}
	}
	l.t.Fatalf("no %s: %v", word, l.said.Err())
}

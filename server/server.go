package server

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"parkbff/ent/riskevent"
	"parkbff/graph/contract"
	"parkbff/graph/directive"
	"parkbff/graph/generated"
	"parkbff/graph/limit"
	"parkbff/graph/relay"
	"parkbff/internal/outbox"
	"parkbff/internal/risk"
	"parkbff/resolvers"
	"parkbff/server/config"
	"parkbff/server/edge"
	"parkbff/server/edge/engine"
	"parkbff/server/live"
	"parkbff/server/page"
	"parkbff/server/sse"
	"parkbff/server/ws"
)

// Connections that one viewer and one address may hold. A mall's whole wireless network is one address.
const (
	connectionsPerViewer  = 20
	connectionsPerAddress = 5000
)

// Server serves a house over HTTP, WebSocket and server-sent events.
type Server struct {
	house   *House
	handler http.Handler
	sockets *ws.Transport
	events  *sse.Handler
}

// New makes the handlers of a house. Extra routes stand beside the program's own.
func New(h *House, extra map[string]http.Handler) (*Server, error) {
	sealer, err := relay.NewSealer(h.Keys.IDKey(), resolvers.NodeTypes()...)
	if err != nil {
		return nil, err
	}
	signIn, err := edge.NewSignIn(h.Tokens, h.Identity, h.Identity, sealer, h.Keys.IDKey())
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registerBacklog(registry, h.Outbox)
	limits := limit.Usual()
	limits.Introspection = h.Config.Mode == config.Development
	exec := engine.New(newSchema(h, signIn), engine.Options{Limits: limits, Log: h.Log, Metrics: registry})
	runner := live.NewRunner(live.Options{
		Executor: exec, Source: newSources(h, registry).open, Log: h.Log, Metrics: registry,
		Resolved: live.ResolvedBy(reflect.TypeFor[generated.ResolverRoot]()),
	})
	proxies := edge.Proxies(h.Config.Proxies)
	perViewer, perAddress := live.NewQuota(connectionsPerViewer), live.NewQuota(connectionsPerAddress)
	s := &Server{house: h}
	s.sockets = ws.New(ws.Options{
		Runner: runner, Authenticate: signIn.Authenticate, Clock: h.Clock, Log: h.Log,
		PerViewer: perViewer, PerAddress: perAddress, Address: proxies.Client, Foreign: s.noteForeign,
	})
	s.events, err = sse.New(sse.Options{
		Runner: runner, Authenticate: signIn.Authenticate, Bus: h.Bus, Key: h.Keys.IDKey(), Clock: h.Clock, Log: h.Log,
		PerViewer: perViewer, PerAddress: perAddress, Address: proxies.Client,
	})
	if err != nil {
		return nil, err
	}
	pages, err := s.pages(extra)
	if err != nil {
		return nil, err
	}
	s.handler = edge.New(edge.Options{
		GraphQL:     edge.NewGraphQL(exec, signIn),
		WebSocket:   s.sockets.Handler(ws.Negotiated),
		TransportWS: s.sockets.Handler(ws.TransportWS),
		LegacyWS:    s.sockets.Handler(ws.LegacyWS),
		Events:      s.events,
		Contract:    contract.SDL,
		JWKS:        h.Tokens.JWKS(),
		Checks:      h.checks(),
		Pages:       pages,
		Registry:    registry,
		Log:         h.Log,
		TLS:         h.Config.Mode == config.Production,
		Proxies:     proxies,
	})
	return s, nil
}

// registerBacklog shows how much work outside there is, of all replicas together.
func registerBacklog(registry prometheus.Registerer, work *outbox.Service) {
	gauge := func(name, help string, value func() int64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return float64(value()) }))
	}
	gauge("parkbff_tasks_waiting", "Tasks that are yet to be done.", func() int64 { n, _ := work.Backlog(); return n })
	gauge("parkbff_tasks_dead", "Tasks that an administrator must decide on.", func() int64 { _, n := work.Backlog(); return n })
}

// newSchema binds the contract to the resolvers and to the directives that guard it.
func newSchema(h *House, signIn *edge.SignIn) graphql.ExecutableSchema {
	return generated.NewExecutableSchema(generated.Config{
		Resolvers: resolvers.New(resolvers.Services{
			Identity: h.Identity, Staff: h.Staff, Consents: h.Consents, Parking: h.Parking, Billing: h.Billing, Discounts: h.Discounts, Permits: h.Permits, Shifts: h.Shifts, Reservations: h.Bays, Loyalty: h.Loyalty, Mall: h.Mall,
			Agreements: h.Agreements, Invoices: h.Invoices, Notices: h.Notices, Disputes: h.Disputes, Spaces: h.Spaces, Payouts: h.Payouts,
			Delivery: h.Delivery, Outbox: h.Outbox, Risk: h.Risk, Apps: h.Apps,
		}, signIn.ViewerTag),
		Directives: generated.DirectiveRoot{Mask: directive.Mask, Requires: directive.Requires},
	})
}

// pages are the routes beside GraphQL.
func (s *Server) pages(extra map[string]http.Handler) (map[string]http.Handler, error) {
	front, err := page.Handler()
	if err != nil {
		return nil, err
	}
	routes := map[string]http.Handler{"GET /{$}": front, "GET /page/": front}
	maps.Copy(routes, s.house.callbacks())
	maps.Copy(routes, s.house.documents())
	if s.house.Config.Mode == config.Development {
		maps.Copy(routes, s.house.development())
	}
	maps.Copy(routes, extra)
	return routes, nil
}

// noteForeign notes a socket that a page of another site tried to open (R086).
func (s *Server) noteForeign(path string) {
	s.house.Risk.Note(context.Background(), risk.Happening{
		Kind: riskevent.KindRISKY_URL, Outcome: riskevent.OutcomeBLOCKED, Path: path,
	})
}

// drainWithin bounds how long clients are given to leave.
const drainWithin = 10 * time.Second

// ServeHTTP answers one request; Serve does so for a listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers clients on the listener until ctx ends, then lets those that are connected go.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	served := edge.NewServer(listener.Addr().String(), s.handler, s.house.Log)
	failed := make(chan error, 1)
	go func() { failed <- served.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	var leaving sync.WaitGroup
	var errs [2]error
	leaving.Go(func() { errs[0] = s.sockets.Drain(parting) })
	leaving.Go(func() { errs[1] = s.events.Drain(parting) })
	leaving.Wait()
	return errors.Join(append(errs[:], served.Shutdown(parting))...)
}

package sse

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"parkbff/internal/fault"
	"parkbff/internal/language"
	"parkbff/internal/viewer"
	"parkbff/server/live"
)

// What names the stream of a request: a header, or, for the EventSource of browsers, a parameter of the URL.
const (
	ticketHeader    = "X-GraphQL-Event-Stream-Token"
	ticketParameter = "token"
)

// longestID bounds what an operation may be called, in bytes.
const longestID = 128

// Refusals of the single connection mode.
var (
	streamOpen = fault.New("STREAM_ALREADY_OPEN", "This stream is open already. Reserve another.")
	idTaken    = fault.New("OPERATION_ALREADY_RUNNING", "An operation of this id is running.")
)

func ticketOf(r *http.Request) string {
	if ticket := r.Header.Get(ticketHeader); ticket != "" {
		return ticket
	}
	if strings.Contains(r.URL.RawQuery, ticketParameter+"=") {
		return r.URL.Query().Get(ticketParameter)
	}
	return ""
}

// reserve makes a ticket for a stream.
func (h *Handler) reserve(w http.ResponseWriter, r *http.Request) {
	who, err := h.signIn(r)
	if err != nil {
		h.denySignIn(w, r, err)
		return
	}
	release, ok := h.take(h.options.Address(r), who.Subject())
	if !ok {
		h.denyTooMany(w, r)
		return
	}
	kept := &reservation{
		options: &h.options, who: who.Subject(), authorization: strings.Clone(r.Header.Get("Authorization")), release: release,
	}
	ticket := rand.Text()
	cancel, err := h.courier.answer(atReservation, ticket, kept.carryOut)
	if err != nil {
		release()
		h.denyTrouble(w, r, err)
		return
	}
	h.streams.Go(func() { kept.expire(h.draining, cancel) })
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(ticket))
}

// openShared opens the stream of a ticket, once.
func (h *Handler) openShared(w http.ResponseWriter, r *http.Request, ticket string) {
	who, handed, ok := h.redeem(w, r, ticket)
	if !ok {
		return
	}
	release, ok := h.take(h.options.Address(r), who.Subject())
	if !ok {
		h.denyTooMany(w, r)
		return
	}
	defer release()
	s := newShared(r.Context(), stream{h: h, w: w, who: who})
	defer s.cancel()
	cancel, err := h.courier.answer(atStream, ticket, s.carryOut)
	if err != nil {
		h.denyTrouble(w, r, err)
		return
	}
	defer cancel()
	s.serve(handed.Waiting)
}

// redeem shows a ticket, and answers whose stream it opens: that of who is signed in, else of who reserved.
func (h *Handler) redeem(w http.ResponseWriter, r *http.Request, ticket string) (who live.Principal, handed outcome, ok bool) {
	e := errand{Kind: open}
	var err error
	if r.Header.Get("Authorization") != "" {
		if who, err = h.signIn(r); err != nil {
			h.denySignIn(w, r, err)
			return nil, outcome{}, false
		}
		e.Who = new(who.Subject())
	}
	handed, err = h.courier.bring(r.Context(), ticket, e)
	if err != nil {
		h.denyTrouble(w, r, err)
		return nil, outcome{}, false
	}
	if handed.Status != http.StatusOK {
		h.answer(w, r, handed.Status, streamOpen)
		return nil, outcome{}, false
	}
	if who == nil {
		if who, err = h.options.Authenticate(r.Context(), handed.Authorization); err != nil {
			h.denySignIn(w, r, err)
			return nil, outcome{}, false
		}
	}
	return who, handed, true
}

// submit hands an operation to the stream of a ticket. What is wrong with the document is answered here; what
// becomes of the operation comes over the stream.
func (h *Handler) submit(w http.ResponseWriter, r *http.Request, ticket string) {
	request, bad := h.read(w, r)
	if bad != nil {
		h.deny(w, r, bad.status, bad.why)
		return
	}
	id, ok := operationID(request.Extensions)
	if !ok {
		h.deny(w, r, http.StatusBadRequest, fault.BadInput.At("operationId"))
		return
	}
	who, err := h.signIn(r)
	if err != nil {
		h.denySignIn(w, r, err)
		return
	}
	errs, err := h.options.Runner.Check(r.Context(), who, request)
	if err != nil {
		h.denySignIn(w, r, err)
		return
	}
	if errs != nil {
		h.write(w, http.StatusBadRequest, errs)
		return
	}
	h.bring(w, r, ticket, errand{Kind: run, Who: new(who.Subject()), Operation: operation{
		ID: id, Query: request.Query, Name: request.OperationName, Variables: request.Variables, Extensions: request.Extensions,
		ReadOnly: request.ReadOnly, Spoken: language.Of(r.Context()), From: viewer.Address(r.Context()),
	}})
}

// stop ends an operation of the stream of a ticket.
func (h *Handler) stop(w http.ResponseWriter, r *http.Request, ticket string) {
	if ticket == "" {
		h.deny(w, r, http.StatusNotFound, fault.NotFound)
		return
	}
	id := r.URL.Query().Get("operationId")
	if id == "" || len(id) > longestID {
		h.deny(w, r, http.StatusBadRequest, fault.BadInput.At("operationId"))
		return
	}
	who, err := h.signIn(r)
	if err != nil {
		h.denySignIn(w, r, err)
		return
	}
	h.bring(w, r, ticket, errand{Kind: stop, Who: new(who.Subject()), Stop: id})
}

func operationID(extensions []byte) (id string, ok bool) {
	var said struct {
		OperationID string `json:"operationId"`
	}
	if extensions == nil || json.Unmarshal(extensions, &said) != nil {
		return "", false
	}
	return said.OperationID, said.OperationID != "" && len(said.OperationID) <= longestID
}

func (h *Handler) bring(w http.ResponseWriter, r *http.Request, ticket string, e errand) {
	became, err := h.courier.bring(r.Context(), ticket, e)
	if err != nil {
		h.denyTrouble(w, r, err)
		return
	}
	h.answer(w, r, became.Status, idTaken)
}

// answer says what became of an errand.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, status int, conflict *fault.Error) {
	switch status {
	case http.StatusOK, http.StatusAccepted:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
	case http.StatusConflict:
		h.deny(w, r, status, conflict)
	case http.StatusTooManyRequests:
		h.denyTooMany(w, r)
	default:
		h.deny(w, r, http.StatusNotFound, fault.NotFound)
	}
}

// denyTrouble answers when the bus is away.
func (h *Handler) denyTrouble(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, fault.Unavailable) && !errors.Is(err, context.Canceled) {
		h.options.Log.ErrorContext(r.Context(), "errand failed", "error", err)
	}
	h.denyForNow(w, r)
}

func (h *Handler) signIn(r *http.Request) (live.Principal, error) {
	return h.options.Authenticate(r.Context(), r.Header.Get("Authorization"))
}

// take counts a stream of an address and a viewer until release is called.
func (h *Handler) take(address, subject string) (release func(), ok bool) {
	if !h.options.PerAddress.Take(address) {
		return nil, false
	}
	if !h.options.PerViewer.Take(subject) {
		h.options.PerAddress.Release(address)
		return nil, false
	}
	return sync.OnceFunc(func() {
		h.options.PerViewer.Release(subject)
		h.options.PerAddress.Release(address)
	}), true
}

package sse_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/server/live"
	"parkbff/server/sse"
)

const ticketHeader = "X-GraphQL-Event-Stream-Token"

// does sends a request of the single connection mode.
func (r *rig) does(t *testing.T, method, query, authorization, ticket, body string) *stream {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range map[string]string{ticketHeader: ticket, "Authorization": authorization} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return &stream{Response: response, t: t}
}

func (r *rig) reserves(t *testing.T, authorization string) (ticket string) {
	t.Helper()
	s := r.does(t, http.MethodPut, "", authorization, "", "")
	body, _ := io.ReadAll(s.Body)
	if s.StatusCode != http.StatusCreated || s.Header.Get("Content-Type") != "text/plain; charset=utf-8" || len(body) < 26 {
		t.Fatalf("got %d %s", s.StatusCode, body)
	}
	return string(body)
}

// opens opens the stream of a ticket.
func (r *rig) opens(t *testing.T, authorization, ticket string) *stream {
	t.Helper()
	request, _ := http.NewRequest(http.MethodGet, r.url, nil)
	request.Header.Set(ticketHeader, ticket)
	return r.send(t, request, authorization)
}

func (r *rig) reservesAndOpens(t *testing.T, authorization string) (ticket string, s *stream) {
	t.Helper()
	ticket = r.reserves(t, authorization)
	s = r.opens(t, authorization, ticket)
	s.is(http.StatusOK)
	return ticket, s
}

func (r *rig) runs(t *testing.T, authorization, ticket, id, body string) *stream {
	t.Helper()
	return r.does(t, http.MethodPost, "", authorization, ticket, strings.TrimSuffix(body, "}")+`,"extensions":{"operationId":"`+id+`"}}`)
}

func (r *rig) stops(t *testing.T, authorization, ticket, id string) *stream {
	t.Helper()
	return r.does(t, http.MethodDelete, "?operationId="+id, authorization, ticket, "")
}

func (s *stream) is(status int) {
	s.t.Helper()
	if s.StatusCode != status {
		body, _ := io.ReadAll(s.Body)
		s.t.Fatalf("got %d %s, want %d", s.StatusCode, body, status)
	}
}

func nextOf(id, payload string) string {
	return `event: next` + "\n" + `data: {"id":"` + id + `","payload":` + payload + `}`
}

func completeOf(id string) string { return `event: complete` + "\n" + `data: {"id":"` + id + `"}` }

const whoami = `{"query":"{ whoami }"}`

func TestOneStreamCarriesSeveralOperations(t *testing.T) {
	r := serve(t, nil)
	ann := r.Token("ann", 0)
	ticket, s := r.reservesAndOpens(t, ann)
	r.runs(t, ann, ticket, "n", notices).is(http.StatusAccepted)
	r.Notify("ann", "in")
	s.hears(nextOf("n", `{"data":{"noticeReceived":{"cursor":"1","notice":{"seenAs":"ann"}}}}`))
	r.runs(t, ann, ticket, "q", whoami).is(http.StatusAccepted)
	s.hears(nextOf("q", `{"data":{"whoami":"ann"}}`), completeOf("q"))
	r.runs(t, ann, ticket, "q", whoami).is(http.StatusAccepted) // the id is free again
	s.hears(nextOf("q", `{"data":{"whoami":"ann"}}`), completeOf("q"))
	r.Notify("ann", "out")
	s.hearsOf(`{"id":"n","payload":`, `"cursor":"2"`)
}

func TestAnOperationMayComeByGetButNotToMutate(t *testing.T) {
	r := serve(t, nil)
	ticket, s := r.reservesAndOpens(t, "")
	r.does(t, http.MethodGet, `?query={whoami}&extensions={"operationId":"1"}`, "", ticket, "").is(http.StatusAccepted)
	s.hears(nextOf("1", `{"data":{"whoami":""}}`), completeOf("1"))
	r.does(t, http.MethodGet, `?query=mutation{remember(text:"x")}&extensions={"operationId":"1"}`, "", ticket, "").
		refused(http.StatusBadRequest, "METHOD_NOT_ALLOWED")
}

func TestAStoppedOperationSaysNothingMore(t *testing.T) {
	r := serve(t, nil)
	ticket, s := r.reservesAndOpens(t, "")
	r.runs(t, "", ticket, "1", published).is(http.StatusAccepted)
	r.Publish("x")
	s.hears(nextOf("1", `{"data":{"published":{"number":1}}}`))
	r.stops(t, "", ticket, "1").is(http.StatusOK)
	eventually(t, "its source is closed", func() bool { return r.Open() == 0 })
	r.Publish("y")
	r.stops(t, "", ticket, "1").is(http.StatusOK)
	r.runs(t, "", ticket, "1", whoami).is(http.StatusAccepted)
	s.hears(nextOf("1", `{"data":{"whoami":""}}`), completeOf("1"))
}

func TestABrowserShowsTheTicketInTheURLAndIsWhoReserved(t *testing.T) {
	r := serve(t, nil)
	ann := r.Token("ann", 0)
	ticket := r.reserves(t, ann)
	request, _ := http.NewRequest(http.MethodGet, r.url+"?token="+ticket, nil)
	s := r.send(t, request, "")
	s.is(http.StatusOK)
	r.runs(t, ann, ticket, "1", whoami).is(http.StatusAccepted)
	s.hears(nextOf("1", `{"data":{"whoami":"ann"}}`), completeOf("1"))
}

func TestOperationsOfAReservationWaitForItsStream(t *testing.T) {
	r := serve(t, nil)
	ann := r.Token("ann", 0)
	ticket := r.reserves(t, ann)
	r.runs(t, ann, ticket, "1", whoami).is(http.StatusAccepted)
	r.runs(t, ann, ticket, "1", whoami).refused(http.StatusConflict, "OPERATION_ALREADY_RUNNING")
	r.runs(t, ann, ticket, "2", whoami).is(http.StatusAccepted)
	r.stops(t, ann, ticket, "2").is(http.StatusOK)
	s := r.opens(t, ann, ticket)
	s.hears(nextOf("1", `{"data":{"whoami":"ann"}}`), completeOf("1"))
	r.runs(t, ann, ticket, "3", whoami).is(http.StatusAccepted)
	s.hears(nextOf("3", `{"data":{"whoami":"ann"}}`), completeOf("3"))
}

func TestAReservationTakesNoMoreThanOneRequestMay(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.MaxBody, o.MaxOperations = 200, 3 })
	ticket := r.reserves(t, "")
	long := `{"query":"{ whoami ` + strings.Repeat(" ", 90) + `}"}`
	r.runs(t, "", ticket, "1", long).is(http.StatusAccepted)
	r.runs(t, "", ticket, "2", long).refused(http.StatusTooManyRequests, "RATE_LIMITED")
	ticket = r.reserves(t, "")
	for _, id := range []string{"1", "2", "3"} {
		r.runs(t, "", ticket, id, whoami).is(http.StatusAccepted)
	}
	r.runs(t, "", ticket, "4", whoami).refused(http.StatusTooManyRequests, "RATE_LIMITED")
}

func TestATicketIsGoodForOneStream(t *testing.T) {
	r := serve(t, nil)
	ticket, s := r.reservesAndOpens(t, "")
	r.opens(t, "", ticket).refused(http.StatusConflict, "STREAM_ALREADY_OPEN")
	s.cancel()
	eventually(t, "its stream is gone", func() bool { return r.runs(t, "", ticket, "1", whoami).StatusCode == http.StatusNotFound })
	r.opens(t, "", ticket).refused(http.StatusConflict, "STREAM_ALREADY_OPEN")
}

func TestATicketThatNobodyGaveIsNotFound(t *testing.T) {
	r := serve(t, nil)
	r.opens(t, "", "secret").refused(http.StatusNotFound, "NOT_FOUND")
	r.runs(t, "", "secret", "1", whoami).refused(http.StatusNotFound, "NOT_FOUND")
	r.stops(t, "", "secret", "1").refused(http.StatusNotFound, "NOT_FOUND")
	r.stops(t, "", "", "1").refused(http.StatusNotFound, "NOT_FOUND")
}

func TestAReservationEndsWhenNobodyComes(t *testing.T) {
	r := serve(t, func(o *sse.Options) {
		o.Reservation, o.PerAddress = 20*time.Millisecond, live.NewQuota(1)
	})
	ticket := r.reserves(t, "")
	eventually(t, "it is over", func() bool { return r.stops(t, "", ticket, "1").StatusCode == http.StatusNotFound })
	r.opens(t, "", ticket).refused(http.StatusNotFound, "NOT_FOUND")
	eventually(t, "its place is free", func() bool { return r.does(t, http.MethodPut, "", "", "", "").StatusCode == http.StatusCreated })
}

func TestTheTicketOfAnotherViewerIsNotFound(t *testing.T) {
	r := serve(t, nil)
	ann, bob := r.Token("ann", 0), r.Token("bob", 0)
	ticket := r.reserves(t, ann)
	for _, opened := range []bool{false, true} {
		if opened {
			r.opens(t, ann, ticket).is(http.StatusOK)
		} else {
			r.opens(t, bob, ticket).refused(http.StatusNotFound, "NOT_FOUND")
		}
		for _, other := range []string{bob, ""} {
			r.runs(t, other, ticket, "1", whoami).refused(http.StatusNotFound, "NOT_FOUND")
			r.stops(t, other, ticket, "1").refused(http.StatusNotFound, "NOT_FOUND")
		}
	}
	r.opens(t, bob, ticket).refused(http.StatusNotFound, "NOT_FOUND")
}

func TestABadTokenOpensAndReservesNothing(t *testing.T) {
	r := serve(t, nil)
	ticket := r.reserves(t, "")
	const bad = "Bearer nonsense"
	r.does(t, http.MethodPut, "", bad, "", "").refused(http.StatusUnauthorized, "TOKEN_INVALID")
	r.opens(t, bad, ticket).refused(http.StatusUnauthorized, "TOKEN_INVALID")
	r.runs(t, bad, ticket, "1", whoami).refused(http.StatusUnauthorized, "TOKEN_INVALID")
	r.stops(t, bad, ticket, "1").refused(http.StatusUnauthorized, "TOKEN_INVALID")

	soon := r.Token("ann", time.Minute)
	ticket = r.reserves(t, soon)
	r.Clock.Pass(time.Minute)
	r.opens(t, "", ticket).refused(http.StatusUnauthorized, "TOKEN_EXPIRED")
}

func TestWhatIsWrongWithARequestIsItsAnswer(t *testing.T) {
	r := serve(t, nil)
	ticket, s := r.reservesAndOpens(t, "")
	r.runs(t, "", ticket, "1", `{"query":"{ nothing }"}`).is(http.StatusBadRequest)
	r.runs(t, "", ticket, "1", `{"query":"{"}`).is(http.StatusBadRequest)
	for _, extensions := range []string{
		``, `,"extensions":{}`, `,"extensions":{"operationId":""}`, `,"extensions":{"operationId":1}`,
		`,"extensions":{"operationId":"` + strings.Repeat("secret", 30) + `"}`,
	} {
		r.does(t, http.MethodPost, "", "", ticket, `{"query":"{ whoami }"`+extensions+`}`).refused(http.StatusBadRequest, "BAD_USER_INPUT")
	}
	r.stops(t, "", ticket, "").refused(http.StatusBadRequest, "BAD_USER_INPUT")
	r.runs(t, "", ticket, "1", `{"query":"`+strings.Repeat("secret ", 10_000)+`"}`).refused(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE")

	r.runs(t, "", ticket, "1", notices).is(http.StatusAccepted) // refused by its execution
	s.hearsOf(`event: next`, `{"id":"1","payload":{"errors":[`, `UNAUTHENTICATED`)
	s.hears(completeOf("1"))
}

func TestAnIDRunsOnceAtATimeAndThereIsACapOfThem(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.MaxOperations = 2 })
	ticket, s := r.reservesAndOpens(t, "")
	r.runs(t, "", ticket, "1", published).is(http.StatusAccepted)
	r.runs(t, "", ticket, "1", whoami).refused(http.StatusConflict, "OPERATION_ALREADY_RUNNING")
	r.runs(t, "", ticket, "2", published).is(http.StatusAccepted)
	r.runs(t, "", ticket, "3", whoami).refused(http.StatusTooManyRequests, "RATE_LIMITED")
	eventually(t, "both run", func() bool { return r.Open() == 2 })
	r.stops(t, "", ticket, "2").is(http.StatusOK)
	eventually(t, "a place is free", func() bool { return r.runs(t, "", ticket, "3", whoami).StatusCode == http.StatusAccepted })
	s.hears(nextOf("3", `{"data":{"whoami":""}}`), completeOf("3"))
}

func TestReservationsAndStreamsAreCapped(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.PerViewer, o.PerAddress = live.NewQuota(1), live.NewQuota(2) })
	ann := r.Token("ann", 0)
	ticket := r.reserves(t, ann)
	r.does(t, http.MethodPut, "", ann, "", "").refused(http.StatusTooManyRequests, "RATE_LIMITED")
	r.opens(t, ann, ticket).is(http.StatusOK) // takes the place of its reservation
	r.does(t, http.MethodPut, "", ann, "", "").refused(http.StatusTooManyRequests, "RATE_LIMITED")
	r.reserves(t, "")
	r.does(t, http.MethodPut, "", "", "", "").refused(http.StatusTooManyRequests, "RATE_LIMITED")
}

func TestTheEndOfTheTokenIsToldToEveryOperation(t *testing.T) {
	r := serve(t, nil)
	soon := r.Token("ann", time.Hour)
	ticket, s := r.reservesAndOpens(t, soon)
	r.runs(t, soon, ticket, "1", notices).is(http.StatusAccepted)
	r.runs(t, soon, ticket, "2", published).is(http.StatusAccepted)
	eventually(t, "both run", func() bool { return r.Open() == 2 })
	r.Clock.Pass(time.Hour)
	r.Notify("ann", "out")
	var heard []string
	for event := s.event(); event != ""; event = s.event() {
		heard = append(heard, event)
	}
	told := strings.Join(heard, "\n")
	for _, id := range []string{"1", "2"} {
		if !strings.Contains(told, `{"id":"`+id+`","payload":{"errors":[`) || !strings.Contains(told, completeOf(id)) {
			t.Errorf("%s is not told: %s", id, told)
		}
	}
	if len(heard) != 4 || strings.Count(told, "TOKEN_EXPIRED") != 2 || strings.Contains(told, "cursor") {
		t.Errorf("heard %s", told)
	}
}

func TestARevokedSignInEndsASharedStream(t *testing.T) {
	r := serve(t, nil)
	ann := r.Token("ann", time.Hour)
	ticket, s := r.reservesAndOpens(t, ann)
	r.runs(t, ann, ticket, "1", notices).is(http.StatusAccepted)
	eventually(t, "it runs", func() bool { return r.Open() == 1 })
	r.Revoke("ann")
	s.hearsOf(`{"id":"1","payload":{"errors":[`, `"code":"SIGN_IN_ENDED"`)
	s.hears(completeOf("1"), "")
}

// An operation alone cannot be told to come back later, so that all of them come back.
func TestWhatPassesEndsASharedStreamWithoutComplete(t *testing.T) {
	for _, why := range []error{live.SlowConsumer, fault.Unavailable} {
		r := serve(t, nil)
		ann := r.Token("ann", 0)
		ticket, s := r.reservesAndOpens(t, ann)
		r.runs(t, ann, ticket, "1", published).is(http.StatusAccepted)
		r.runs(t, ann, ticket, "2", notices).is(http.StatusAccepted)
		r.Finish(why)
		s.hears("")
	}
}

func TestAnOutageWhileAnOperationBeginsEndsASharedStreamWithoutComplete(t *testing.T) {
	r := serve(t, nil)
	ticket, s := r.reservesAndOpens(t, "")
	r.Shut(fault.Unavailable)
	r.runs(t, "", ticket, "1", published).is(http.StatusAccepted)
	s.hears("")
}

func TestNothingOfTheSingleConnectionModeSeemsFinalInAnOutage(t *testing.T) {
	r := serve(t, nil)
	ann := r.Token("ann", 0)
	ticket := r.reserves(t, ann)
	r.Trouble(fault.Unavailable)
	for name, s := range map[string]*stream{
		"a reservation": r.does(t, http.MethodPut, "", ann, "", ""), "an opening": r.opens(t, ann, ticket),
		"an operation": r.runs(t, ann, ticket, "1", notices), "a stop": r.stops(t, ann, ticket, "1"),
	} {
		s.refused(http.StatusServiceUnavailable, "UNAVAILABLE")
		if s.Header.Get("Retry-After") == "" {
			t.Errorf("%s is not told when to come again", name)
		}
	}
}

func TestADisconnectCancelsEveryOperation(t *testing.T) {
	r := serve(t, nil)
	for range 20 {
		ticket, s := r.reservesAndOpens(t, "")
		r.runs(t, "", ticket, "1", published).is(http.StatusAccepted)
		r.runs(t, "", ticket, "2", published).is(http.StatusAccepted)
		eventually(t, "they run", func() bool { return r.Open() == 2 })
		s.cancel()
		eventually(t, "they are cancelled", func() bool { return r.Open() == 0 })
	}
}

func TestAReaderOfASharedStreamThatTakesNothingIsCut(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.Write = 50 * time.Millisecond })
	ticket, _ := r.reservesAndOpens(t, "")
	r.runs(t, "", ticket, "1", `{"query":"subscription{ published{ body } }"}`).is(http.StatusAccepted)
	eventually(t, "it runs", func() bool { return r.Open() == 1 })
	for range 20 {
		r.Publish(strings.Repeat("x", 1<<20))
	}
	eventually(t, "it is cut", func() bool { return r.Open() == 0 })
}

func TestDrainEndsSharedStreamsAndReservations(t *testing.T) {
	r := serve(t, nil)
	ticket, s := r.reservesAndOpens(t, "")
	r.runs(t, "", ticket, "1", published).is(http.StatusAccepted)
	eventually(t, "it runs", func() bool { return r.Open() == 1 })
	r.reserves(t, "")
	if err := r.handler.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.hears("")
	r.does(t, http.MethodPut, "", "", "", "").refused(http.StatusServiceUnavailable, "UNAVAILABLE")
}

package server_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/server/servertest"
)

// streams sends a request of graphql-sse's single connection mode to a replica.
func streams(t *testing.T, h *servertest.House, method, bearer, ticket, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, h.URL+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	if ticket != "" {
		request.Header.Set("X-GraphQL-Event-Stream-Token", ticket)
	}
	switch method {
	case http.MethodGet:
		request.Header.Set("Accept", "text/event-stream")
	case http.MethodPost:
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestANoticeComesOverAStreamWhoseRequestsReachedTwoReplicas(t *testing.T) {
	one, two := replicas(t)
	owner := one.Bound("APP", "粤B12345")
	stranger := one.Driver("APP")

	reserved := streams(t, one, http.MethodPut, owner.Token, "", "")
	ticket, err := io.ReadAll(reserved.Body)
	if err != nil || reserved.StatusCode != http.StatusCreated {
		t.Fatalf("reserving answers %d, %v", reserved.StatusCode, err)
	}
	if got := streams(t, two, http.MethodGet, stranger.Token, string(ticket), ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("a stranger's opening answers %d", got.StatusCode)
	}
	opened := streams(t, two, http.MethodGet, owner.Token, string(ticket), "")
	if opened.StatusCode != http.StatusOK {
		t.Fatalf("opening answers %d", opened.StatusCode)
	}
	asked, err := json.Marshal(servertest.Vars{"query": noticed, "extensions": servertest.Vars{"operationId": "notices"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := streams(t, one, http.MethodPost, stranger.Token, string(ticket), string(asked)); got.StatusCode != http.StatusNotFound {
		t.Errorf("a stranger's operation answers %d", got.StatusCode)
	}
	if got := streams(t, one, http.MethodPost, owner.Token, string(ticket), string(asked)); got.StatusCode != http.StatusAccepted {
		t.Fatalf("an operation answers %d", got.StatusCode)
	}
	for try := 0; !strings.Contains(two.Measured(), "parkbff_subscriptions_running 1"); try++ {
		if try == 500 {
			t.Fatal("nobody subscribes")
		}
		time.Sleep(10 * time.Millisecond)
	}
	one.Gate("WXC").Sees("粤B12345", servertest.Entering, one.Clock.Now()).OK()

	lines := bufio.NewScanner(opened.Body)
	for lines.Scan() {
		if data, isEvent := strings.CutPrefix(lines.Text(), "data: "); isEvent {
			if !strings.HasPrefix(data, `{"id":"notices","payload":{"data":{"noticeReceived":`) || strings.Contains(data, "粤B12345") {
				t.Errorf("heard %s", data)
			}
			return
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
}

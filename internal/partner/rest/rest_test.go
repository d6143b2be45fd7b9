package rest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parkbff/internal/fault"
	"parkbff/internal/partner/rest"
)

func ask(t *testing.T, h http.HandlerFunc) (rest.Reply, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := rest.New("partner", server.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Ask(t.Context(), http.MethodPost, "/send", http.Header{"Token": {"t"}}, map[string]string{"to": "alice"})
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the words went elsewhere") }))
	defer elsewhere.Close()
	reply, err := ask(t, http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect).ServeHTTP)
	if err != nil || reply.Status != http.StatusTemporaryRedirect {
		t.Errorf("%d, %v", reply.Status, err)
	}
}

func TestAReplyIsReadNoFurtherThanNeedBe(t *testing.T) {
	reply, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/send" || r.Header.Get("Token") != "t" || r.Header.Get("Content-Type") != "application/json;charset=utf-8" {
			t.Errorf("asked %s with %v", r.URL, r.Header)
		}
		_, _ = w.Write([]byte(strings.Repeat("x", 1<<20)))
	})
	if err != nil || len(reply.Body) != 64<<10 {
		t.Errorf("%d bytes, %v", len(reply.Body), err)
	}
}

func TestALostReplyIsUnavailableAndNamesNoAddress(t *testing.T) {
	_, err := ask(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "/send") {
			t.Errorf("the error says %s", err)
		}
	}
}

func TestAnAddressIsNeeded(t *testing.T) {
	for _, base := range []string{"", "api.example.cn", "://"} {
		if _, err := rest.New("partner", base, nil); err == nil || !strings.HasPrefix(err.Error(), "partner: ") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestAFormIsSentAsAForm(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("to") != "alice&bob" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			t.Errorf("sent %v as %s", r.PostForm, r.Header.Get("Content-Type"))
		}
	}))
	defer server.Close()
	c, err := rest.New("partner", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ask(t.Context(), http.MethodPost, "/", nil, url.Values{"to": {"alice&bob"}}); err != nil {
		t.Error(err)
	}
}

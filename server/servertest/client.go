package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"strings"
)

// Client is somebody who speaks to the API.
type Client struct {
	House   *House
	Token   string // access token; empty: nobody
	Refresh string
	Mobile  string
	Header  http.Header // further fields of every request, such as Accept-Language
}

// Anonymous is a client without a token.
func (h *House) Anonymous() *Client { return &Client{House: h} }

// With is a client that bears a token.
func (h *House) With(token string) *Client { return &Client{House: h, Token: token} }

// Vars are the variables of an operation.
type Vars map[string]any

// Asks sends an operation and answers what came back, errors included.
func (c *Client) Asks(query string, vars ...Vars) *Answer {
	c.House.T.Helper()
	body := map[string]any{"query": query}
	if len(vars) > 0 {
		body["variables"] = vars[0]
	}
	raw, err := json.Marshal(body)
	if err != nil {
		c.House.T.Fatal(err)
	}
	return c.send("application/json", bytes.NewReader(raw))
}

// Uploads sends an operation with files for its variables, as a multipart request.
func (c *Client) Uploads(query string, vars Vars, files map[string][]byte) *Answer {
	c.House.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	places, n := map[string][]string{}, 0
	var order []string
	for path := range files {
		places[fmt.Sprint(n)] = []string{"variables." + path}
		order = append(order, path)
		n++
	}
	c.field(form, "operations", map[string]any{"query": query, "variables": vars})
	c.field(form, "map", places)
	for i, path := range order {
		part, err := form.CreateFormFile(fmt.Sprint(i), "document.json")
		if err != nil {
			c.House.T.Fatal(err)
		}
		if _, err := part.Write(files[path]); err != nil {
			c.House.T.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		c.House.T.Fatal(err)
	}
	return c.send(form.FormDataContentType(), &body)
}

func (c *Client) field(form *multipart.Writer, name string, value any) {
	c.House.T.Helper()
	raw, err := json.Marshal(value)
	if err == nil {
		err = form.WriteField(name, string(raw))
	}
	if err != nil {
		c.House.T.Fatal(err)
	}
}

func (c *Client) send(contentType string, body io.Reader) *Answer {
	c.House.T.Helper()
	r, err := http.NewRequestWithContext(c.House.T.Context(), http.MethodPost, c.House.URL+"/graphql", body)
	if err != nil {
		c.House.T.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("GraphQL-Preflight", "1")
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	maps.Copy(r.Header, c.Header)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.House.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.House.T.Fatal(err)
	}
	return &Answer{t: c.House.T, Status: response.StatusCode, Header: response.Header, Text: string(text)}
}

// Answer is what came back.
type Answer struct {
	t      tester
	Status int
	Header http.Header
	Text   string
}

type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// OK fails the test at once when the answer holds an error or a refusal.
func (a *Answer) OK() *Answer {
	a.t.Helper()
	if codes := a.Codes(); len(codes) > 0 || a.Status != http.StatusOK {
		a.t.Fatalf("status %d: %s", a.Status, a.Text)
	}
	return a
}

// MustContain fails the test unless each text stands in the answer.
func (a *Answer) MustContain(texts ...string) *Answer {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.Text, text) {
			a.t.Errorf("the answer lacks %q: %s", text, a.Text)
		}
	}
	return a
}

// MustNotContain fails the test if one of the texts stands in the answer.
func (a *Answer) MustNotContain(texts ...string) *Answer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.Text, text) {
			a.t.Errorf("the answer shows %q: %s", text, a.Text)
		}
	}
	return a
}

// MustBeRefused fails the test unless the code is among those of errors and userErrors.
func (a *Answer) MustBeRefused(code string) *Answer {
	a.t.Helper()
	for _, c := range a.Codes() {
		if c == code {
			return a
		}
	}
	a.t.Errorf("not refused with %s: %s", code, a.Text)
	return a
}

// Codes lists the codes of all errors and userErrors.
func (a *Answer) Codes() []string {
	a.t.Helper()
	var whole struct {
		Data   any
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal([]byte(a.Text), &whole); err != nil {
		a.t.Fatalf("no JSON: %s", a.Text)
	}
	var codes []string
	for _, e := range whole.Errors {
		codes = append(codes, e.Extensions.Code)
	}
	collectUserErrors(whole.Data, func(userErrors any) {
		list, _ := userErrors.([]any)
		for _, e := range list {
			codes = append(codes, fmt.Sprint(Part(e, "code")))
		}
	})
	return codes
}

func collectUserErrors(value any, found func(any)) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if key == "userErrors" {
				found(inner)
				continue
			}
			collectUserErrors(inner, found)
		}
	case []any:
		for _, inner := range v {
			collectUserErrors(inner, found)
		}
	}
}

func (a *Answer) whole() map[string]any {
	a.t.Helper()
	var whole map[string]any
	if err := json.Unmarshal([]byte(a.Text), &whole); err != nil {
		a.t.Fatalf("no JSON: %s", a.Text)
	}
	return whole
}

// At answers the value at a path of the data, such as "viewer.sessions.edges.0.node.id".
func (a *Answer) At(path string) any {
	a.t.Helper()
	value := a.whole()["data"]
	for step := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(v) {
				a.t.Fatalf("nothing at %q of %s", path, a.Text)
			}
			value = v[i]
		default:
			a.t.Fatalf("nothing at %q of %s", path, a.Text)
		}
	}
	return value
}

// String answers the text at a path of the data.
func (a *Answer) String(path string) string {
	a.t.Helper()
	text, ok := a.At(path).(string)
	if !ok {
		a.t.Fatalf("no text at %q of %s", path, a.Text)
	}
	return text
}

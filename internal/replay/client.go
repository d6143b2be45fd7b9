package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// refusal is a code of the contract with which the server answered.
type refusal struct {
	code       string
	message    string        // may be empty
	retryAfter time.Duration // zero: not said
}

func (r *refusal) Error() string {
	if r.message == "" {
		return "the server answered " + r.code
	}
	return "the server answered " + r.code + ": " + r.message
}

// unreachable is a call that got no answer, or one that says to come back: the server may be starting.
type unreachable struct{ cause error }

func (u *unreachable) Error() string { return "the server cannot be reached: " + u.cause.Error() }

func (u *unreachable) Unwrap() error { return u.cause }

// mostOfAnswer bounds an answer: 100 stays or 500 outcomes are far smaller.
const mostOfAnswer = 16 << 20

// client asks one server.
type client struct {
	http  *http.Client
	url   string // without /graphql
	clock Clock
	note  func(format string, args ...any)
}

// request is a GraphQL operation.
type request struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
}

// userErrors are the refusals of a payload.
type userErrors []struct{ Code string }

// refusal is the first of them, or nil.
func (e userErrors) refusal() error {
	if len(e) == 0 {
		return nil
	}
	return &refusal{code: e[0].Code}
}

// ask sends an operation once and decodes its data.
func (c *client) ask(ctx context.Context, token string, r request, data any) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode operation: %w", err)
	}
	return c.post(ctx, token, "application/json", body, data)
}

func (c *client) post(ctx context.Context, token, contentType string, body []byte, data any) error {
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	call.Header.Set("Content-Type", contentType)
	call.Header.Set("Accept", "application/json")
	if token != "" {
		call.Header.Set("Authorization", "Bearer "+token)
	}
	text, err := c.send(call)
	if err != nil {
		return err
	}
	return decode(text, data)
}

// loginCode reads the code that the server's SMS sandbox holds for a mobile.
func (c *client) loginCode(ctx context.Context, mobile string) (string, error) {
	address := c.url + "/dev/sms?" + url.Values{"mobile": {mobile}}.Encode()
	call, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	text, err := c.send(call)
	if err != nil {
		return "", fmt.Errorf("read the sign-in code (only a server in development tells it): %w", err)
	}
	var answer struct{ Code string }
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", fmt.Errorf("decode the sign-in code: %w", err)
	}
	return answer.Code, nil
}

// send answers the body, also of another status than 200 when it holds errors of GraphQL.
func (c *client) send(call *http.Request) ([]byte, error) {
	response, err := c.http.Do(call)
	if err != nil {
		if ended := call.Context().Err(); ended != nil {
			return nil, ended
		}
		return nil, &unreachable{withoutAddress(err)}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostOfAnswer))
	switch status := response.StatusCode; {
	case err != nil:
		return nil, &unreachable{err}
	case status == http.StatusOK, refuses(text):
		return text, nil
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return nil, &unreachable{fmt.Errorf("status %d", status)}
	default:
		return nil, fmt.Errorf("the server answered with status %d", status)
	}
}

// withoutAddress drops the address that net/http puts into its errors: it may hold a mobile.
func withoutAddress(err error) error {
	if failed, ok := err.(*url.Error); ok { //nolint:errorlint // Do answers nothing else, and unwrapped
		return failed.Err
	}
	return err
}

// answer is what a GraphQL operation comes back as.
type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct {
			Code       string
			RetryAfter float64 // seconds
		}
	}
}

func refuses(text []byte) bool {
	var a answer
	return json.Unmarshal(text, &a) == nil && len(a.Errors) > 0
}

// decode reads data, or the first error of the operation as a refusal.
func decode(text []byte, data any) error {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return &unreachable{fmt.Errorf("its answer cannot be read: %w", err)}
	}
	if len(a.Errors) > 0 {
		first := a.Errors[0]
		wait := time.Duration(first.Extensions.RetryAfter * float64(time.Second))
		return &refusal{code: first.Extensions.Code, message: first.Message, retryAfter: wait}
	}
	if err := json.Unmarshal(a.Data, data); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

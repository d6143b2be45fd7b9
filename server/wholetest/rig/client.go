package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Client asks the server of a house, wherever it is at the moment.
type Client struct {
	House *House
	Token string // empty: anonymous
}

// Answer is a response as it came.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// httpClient keeps connections, so that many who ask at once do not connect anew each time.
var httpClient = &http.Client{
	Timeout:   time.Minute,
	Transport: &http.Transport{MaxIdleConnsPerHost: keptConnections, MaxConnsPerHost: mostConnections},
}

const (
	keptConnections = 64
	mostConnections = 512
)

// Ask sends an operation. Variables are anything that is a JSON object; nil leaves them out.
func (c Client) Ask(ctx context.Context, query string, variables any) (Answer, error) {
	body, err := json.Marshal(operation{query, variables})
	if err != nil {
		return Answer{}, fmt.Errorf("write the operation: %w", err)
	}
	return c.Post(ctx, "application/json", body)
}

type operation struct {
	Query     string `json:"query"`
	Variables any    `json:"variables,omitempty"`
}

// Post sends a body as it is.
func (c Client) Post(ctx context.Context, contentType string, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.House.URL()+"/graphql", bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Content-Type", contentType)
	return c.Send(request)
}

// Get asks for a path.
func (c Client) Get(ctx context.Context, path string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.House.URL()+path, http.NoBody)
	if err != nil {
		return Answer{}, err
	}
	return c.Send(request)
}

// Send sends a request under the client's token.
func (c Client) Send(request *http.Request) (Answer, error) {
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	response, err := httpClient.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	return Answer{response.StatusCode, response.Header, string(body)}, nil
}

// result is what a GraphQL answer may hold. Payloads are read for their refusals alone.
type result struct {
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Extensions struct {
			Code string `json:"code"`
		} `json:"extensions"`
	} `json:"errors"`
}

type payload struct {
	UserErrors []struct {
		Code string `json:"code"`
	} `json:"userErrors"`
	Results []payload `json:"results"`
}

// Codes are all that was refused: of the operation first, then the user errors of its payloads.
func (a Answer) Codes() []string {
	var r result
	if json.Unmarshal([]byte(a.Body), &r) != nil {
		return nil
	}
	var codes []string
	for _, e := range r.Errors {
		codes = append(codes, e.Extensions.Code)
	}
	var payloads map[string]payload
	_ = json.Unmarshal(r.Data, &payloads) // a query has none
	for _, p := range payloads {
		codes = append(codes, p.codes()...)
	}
	return codes
}

func (p payload) codes() (codes []string) {
	for _, e := range p.UserErrors {
		codes = append(codes, e.Code)
	}
	for _, inner := range p.Results {
		codes = append(codes, inner.codes()...)
	}
	return codes
}

// Into decodes the data of an answer that refuses nothing.
func (a Answer) Into(data any) error {
	var r result
	if err := json.Unmarshal([]byte(a.Body), &r); err != nil {
		return fmt.Errorf("status %d, no JSON: %w", a.Status, err)
	}
	if codes := a.Codes(); len(codes) > 0 {
		return fmt.Errorf("status %d, refused: %v", a.Status, codes)
	}
	return json.Unmarshal(r.Data, data)
}

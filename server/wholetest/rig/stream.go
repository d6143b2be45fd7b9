package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Line is one subscription, whatever its protocol.
type Line interface {
	// Next waits for the next event, {"data": …}. Errors: ErrOver; *websocket.CloseError; that the line broke.
	Next() (json.RawMessage, error)
	// Close cuts the line.
	Close()
}

// Stream is a subscription over server-sent events (graphql-sse, distinct connections).
type Stream struct {
	body   io.Closer
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

// NoStreamError is the status of an answer that is no stream of events.
type NoStreamError int

func (e NoStreamError) Error() string { return fmt.Sprintf("no stream of events: status %d", int(e)) }

// streams have no end, so their client has no timeout.
var streamClient = &http.Client{}

// OpenStream begins a subscription at a server. Variables are anything that is a JSON object. Error: NoStreamError.
func OpenStream(ctx context.Context, url, token, query string, variables any) (*Stream, error) {
	body, err := json.Marshal(operation{query, variables})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		cancel()
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := streamClient.Do(request)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &Stream{body: response.Body, lines: bufio.NewScanner(response.Body), cancel: cancel}
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		s.Close()
		return nil, NoStreamError(response.StatusCode)
	}
	return s, nil
}

// Next waits for the next event.
func (s *Stream) Next() (json.RawMessage, error) {
	for s.lines.Scan() {
		if s.lines.Text() == "event: complete" {
			return nil, fmt.Errorf("%w: complete", ErrOver)
		}
		data, found := strings.CutPrefix(s.lines.Text(), "data: ")
		if !found {
			continue
		}
		var r struct {
			Data   json.RawMessage
			Errors json.RawMessage
		}
		if err := json.Unmarshal([]byte(data), &r); err != nil {
			return nil, err
		}
		if r.Data == nil || string(r.Data) == "null" {
			return nil, fmt.Errorf("%w: error %v", ErrOver, codesOf(r.Errors))
		}
		return json.RawMessage(data), nil
	}
	return nil, errors.Join(s.lines.Err(), io.ErrUnexpectedEOF)
}

// Close cuts the line.
func (s *Stream) Close() {
	s.cancel()
	_ = s.body.Close()
}

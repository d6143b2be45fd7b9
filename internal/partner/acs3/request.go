package acs3

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Call is one call of an RPC interface.
type Call struct {
	Action     string
	Version    string
	Parameters url.Values
}

// NewRequest answers a signed request. Parameters go into the body: URLs end up in the logs of proxies and
// in error texts. Random is where the nonce comes from.
func NewRequest(ctx context.Context, baseURL string, call Call, by Credentials, random io.Reader, now time.Time) (*http.Request, error) {
	body := []byte(call.Parameters.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("acs3: build request: %w", err)
	}
	var nonce [16]byte
	if _, err := io.ReadFull(random, nonce[:]); err != nil {
		return nil, fmt.Errorf("acs3: no randomness: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("x-acs-action", call.Action)
	r.Header.Set("x-acs-version", call.Version)
	Sign(r, body, by, hex.EncodeToString(nonce[:]), now)
	return r, nil
}

package edge

import (
	"log"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// NewServer answers a server for h with time limits for clients that are slow on purpose. Streams lift
// the limits of reading and writing for themselves. It speaks HTTP/1.1; TLS and HTTP/2 are the proxy's.
func NewServer(addr string, h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      100 * time.Second, // reading an upload and carrying out its operation lie within
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(withoutAddresses{logger}, "", 0),
	}
}

var address = regexp.MustCompile(`\[?[0-9A-Fa-f]*(?:[.:][0-9A-Fa-f.:%]+)+\]?(?::\d+)?`)

// withoutAddresses passes on what net/http has to say, without the client's address.
type withoutAddresses struct{ log *slog.Logger }

func (l withoutAddresses) Write(line []byte) (int, error) {
	l.log.Warn("http server", "message", address.ReplaceAllString(strings.TrimSpace(string(line)), "(address)"))
	return len(line), nil
}

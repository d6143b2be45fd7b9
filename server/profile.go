package server

import (
	"net/http"
	"runtime/pprof"
	"strconv"
	"time"
)

const mostProfiled = time.Minute

// devProfile answers a CPU profile of the next ?seconds= for `go tool pprof`. Production has no such route: it
// would lend everybody a way to slow the server down.
func (h *House) devProfile(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	length := time.Duration(seconds) * time.Second
	if err != nil || length <= 0 || length > mostProfiled {
		http.Error(w, `{"error":"INVALID_SECONDS"}`, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := pprof.StartCPUProfile(w); err != nil { // another is being taken
		http.Error(w, `{"error":"BUSY"}`, http.StatusConflict)
		return
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(length):
	case <-r.Context().Done():
	}
}

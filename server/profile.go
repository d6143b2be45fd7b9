package server

import (
	"net/http"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
)

const mostProfiled = time.Minute

// devProfile answers what `go tool pprof` reads: a CPU profile of the next ?seconds=, or, without, what lies on the
// heap. Production has no such route: it
// would lend everybody a way to slow the server down.
func (h *House) devProfile(w http.ResponseWriter, r *http.Request) {
	if !r.URL.Query().Has("seconds") {
		w.Header().Set("Content-Type", "application/octet-stream")
		runtime.GC() // what is not used any more shall not be seen
		_ = pprof.Lookup("heap").WriteTo(w, 0)
		return
	}
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

package load

import (
	"fmt"
	"syscall"
)

// spareFiles are those that a process opens beside its connections.
const spareFiles = 1000

// allowFiles sees to it that this process, and the server that it starts, may hold a number of connections.
func allowFiles(connections int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	needed := uint64(connections + spareFiles)
	if limit.Cur >= needed && limit.Max >= needed {
		return nil
	}
	raised := syscall.Rlimit{Cur: needed, Max: max(limit.Max, needed)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
		return fmt.Errorf("%d connections need %d open files and this process may hold %d: raise the limit (ulimit -n, or LimitNOFILE of the service) or ask for fewer subscribers: %w",
			connections, needed, limit.Max, err)
	}
	return nil
}

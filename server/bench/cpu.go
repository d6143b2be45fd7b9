//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of /proc/PID/stat: USER_HZ, which Linux fixes at 100 for what it shows
// (man 5 proc, sysconf(_SC_CLK_TCK)).
const clockTick = 10 * time.Millisecond

// cpuTime is the processor time that a process has used so far in user and system mode, fields 14 and 15
// of /proc/PID/stat. The kernel counts it by its scheduler's clock and rounds it down to a tick.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(text, []byte(") ")) // the name before it may hold spaces
	fields := strings.Fields(string(rest))
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is not of the form known", pid)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick, errors.Join(err1, err2)
}

// listenerOf finds the process of this machine that listens on a TCP port.
func listenerOf(port string) (pid int, err error) {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("the URL names no port: %w", err)
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		inode, err := listeningSocket(table, number)
		if err != nil {
			return 0, err
		}
		if inode != "" {
			return holderOf("socket:[" + inode + "]")
		}
	}
	return 0, fmt.Errorf("no process listens on port %s", port)
}

const stateListening = "0A"

// listeningSocket answers the inode of the socket that listens on a port, or nothing.
func listeningSocket(table string, port uint64) (inode string, err error) {
	file, err := os.Open(table)
	if err != nil {
		return "", err
	}
	defer file.Close()
	suffix := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && strings.HasSuffix(fields[1], suffix) && fields[3] == stateListening {
			return fields[9], nil
		}
	}
	return "", nil
}

func holderOf(socket string) (pid int, err error) {
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, err
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == socket {
			return strconv.Atoi(strings.Split(link, "/")[2])
		}
	}
	return 0, errors.New("the process that listens belongs to another user")
}

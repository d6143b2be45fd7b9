//go:build linux || darwin

package pgtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const startWithin = 60 * time.Second

// settings of a server whose data nobody will miss.
const settings = `
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = '128MB'
max_connections = 300
shared_buffers = 64MB
timezone = 'UTC'
lc_messages = 'C'
`

// guard runs the server and outlives the process that started it by a moment: its standard input is a
// pipe of which that process holds the other end. When the pipe closes, by Stop or by any death of the
// process, guard stops the server and removes the folder. So no server is ever left behind.
const guard = `
exec 3<&0
"$1" -D "$2/data" -p "$3" -k "$2" >"$2/log" 2>&1 </dev/null 3<&- &
server=$!
{ cat <&3; kill -INT "$server"; } >/dev/null 2>&1 &
wait "$server"
: >"$2/ended"
cat <&3 >/dev/null
rm -rf "$2"
`

// Cluster is a PostgreSQL server of its own in a temporary folder, on a loopback port, without passwords.
type Cluster struct {
	// URL names the server's maintenance database with all rights, as PARKBFF_TEST_DATABASE_URL does.
	URL string

	guard *exec.Cmd
	alive io.Closer
}

// Start makes and starts a server, and answers when it takes connections. It is stopped by Stop or by the
// end of this process, whichever comes first.
func Start() (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	owner, err := serverUser()
	if err != nil {
		return nil, err
	}
	dir, err := folder(owner)
	if err != nil {
		return nil, fmt.Errorf("pgtest: make a folder for the server: %w", err)
	}
	cluster, err := startIn(dir, bin, owner)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return cluster, nil
}

func startIn(dir, bin string, owner *syscall.Credential) (*Cluster, error) {
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres",
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setsid: true}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	if err := appendTo(filepath.Join(data, "postgresql.conf"), settings); err != nil {
		return nil, fmt.Errorf("pgtest: write the server's settings: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("pgtest: find a free port: %w", err)
	}
	guarded := exec.Command("/bin/sh", "-c", guard, "guard", filepath.Join(bin, "postgres"), dir, strconv.Itoa(port))
	guarded.Dir = dir
	guarded.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setsid: true}
	alive, err := guarded.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("pgtest: pipe to the server's guard: %w", err)
	}
	if err := guarded.Start(); err != nil {
		return nil, fmt.Errorf("pgtest: start the server's guard: %w", err)
	}
	at := url.URL{
		Scheme: "postgres", User: url.User("postgres"),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	cluster := &Cluster{URL: at.String(), guard: guarded, alive: alive}
	if err := ready(dir); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return cluster, nil
}

// Stop ends the server and waits until its folder is gone. Connections still open are cut.
func (c *Cluster) Stop() error {
	if err := c.alive.Close(); err != nil {
		return fmt.Errorf("pgtest: stop the server: %w", err)
	}
	if err := c.guard.Wait(); err != nil {
		return fmt.Errorf("pgtest: stop the server: %w", err)
	}
	return nil
}

// ready waits for the word the server writes into its pid file; asking the port instead could reach a
// stranger who took it first.
func ready(dir string) error {
	for until := time.Now().Add(startWithin); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if pid, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid")); err == nil &&
			strings.Contains(string(pid), "ready") {
			return nil
		}
		if _, err := os.Stat(filepath.Join(dir, "ended")); err == nil {
			break
		}
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	return fmt.Errorf("pgtest: the server did not start; its log says:\n%s", log)
}

func folder(owner *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp(parent(), "parkbff-pg-")
	if err != nil || owner == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(owner.Uid), int(owner.Gid))
}

// parent is a file system in memory where Linux offers one with room, which makes a database four times as
// fast; empty means the usual folder for temporary files.
func parent() string {
	const memory, room = "/dev/shm", 1 << 30
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memory, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return ""
	}
	return memory
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

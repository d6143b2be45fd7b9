package rig

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports that a test may give to its servers lie below those that systems hand out by themselves: a client
// that dials a dead server's port would else be given that very port now and then, and speak to itself.
const (
	lowestPort  = 12000
	portsBeyond = 18000
)

// freePorts answers loopback addresses whose ports nobody listens on.
func freePorts(n int) ([]string, error) {
	var found []string
	taken := map[string]bool{}
	for range 1000 {
		if len(found) == n {
			return found, nil
		}
		at := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestPort+rand.IntN(portsBeyond)))
		l, err := net.Listen("tcp", at)
		if err != nil || taken[at] {
			continue
		}
		taken[at], found = true, append(found, at)
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("no free ports")
}

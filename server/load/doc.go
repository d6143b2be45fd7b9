// Package load puts the built program under load from outside and counts what comes back: every subscriber
// must be told everything exactly once, and what each costs the server in memory is measured.
//
// It starts a server of its own from the same binary, on a data folder or a database that it makes and
// removes again, settles accounts in it through the domain's services, connects them from several addresses
// of the loopback network, has gates report over HTTP, and compares what was accepted with what arrived.
//
// Observations are paced by the clock and not by the answers: a server that stalls is sent what is due all
// the same, and the wait counts in the latency (G. Tene, "How NOT to measure latency": coordinated omission).
// Memory is what Linux says of the server's process, so it runs on Linux alone.
package load

//go:build !race

package ws_test

// raced tells that the race detector is at work, under which stacks are twice as large.
const raced = false

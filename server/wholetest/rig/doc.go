// Package rig runs the built program from outside, as an operator does: it starts the binary on a data
// folder, stops it or kills it, and speaks to it over loopback as drivers, gates and staff do. The tests of
// the whole program stand on it, and so do the commands beside them.
//
// Nothing here reaches into the program: what it knows is the command line, the environment, the log and
// the contract.
package rig

// Package demo fills a new house with something to look at: lots, accounts of every tier, and gates that
// report a believable stream.
//
// The lots are public places that exist; their capacities, prices and gates are rounded or made up. The
// people do not exist: mobiles are of a range that is not handed out, names and documents are synthetic.
//
// The stream is a pure function of the time: which car stands where at any moment follows from a seed, so
// a program that was stopped goes on where the clock is, and whatever it reports twice bears the same
// event id and changes nothing.
package demo

// Package replay sends recorded stays to a running server, as their gates would have reported them, and
// reads back what became of them. It is a client of the public API and knows nothing of the server's inside.
//
// # What a stay becomes
//
// A row of P1.csv is a stay in the lot P1. It is reported as two observations, whose event ids are made of
// lot and row: P1-17-in and P1-17-out. So a replay that was stopped, or whose server was, is simply run
// again: what the server knows already is answered as a duplicate and changes nothing.
//
// The records have no plates. Each stay is given a synthetic one, made of lot and row alone (see plateOf);
// no two of them differ in one character only, so no misreading is ever suspected. Some stays are given to
// the vehicles of accounts instead (see cast); those stays lie at least 15 minutes apart in whatever lots.
// Which stays, depends on the lots file and on the number of accounts: keep both when running again.
//
// # Rebasing
//
// Options.Rebase shifts all stays, and the dates of the tariffs, by as many whole weeks as bring the last
// exit closest to now without passing it. Each number of weeks is a set of its own, with its own event ids
// (P1-17-in-w377), plates and accounts, so a later rebase does not collide with an earlier one.
//
// # Fees
//
// A fee is compared where the record is stable and paid. It agrees when the server charged what the lot's
// tariff asks for the recorded length, and the recorded fee is what it asks for that length or for one
// minute less or more: the records are in whole minutes, the clock that charged had seconds.
package replay

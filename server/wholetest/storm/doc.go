// Package storm lets gates report and drivers listen at several replicas of the program while replicas,
// nodes of the bus and the drivers' own programs are killed, or the database and the bus go away, and shows
// that every driver was told everything once and in order.
//
// It stands before the front door like any client. Gates send a batch again, with the same event ids, until
// it is taken. Drivers listen in processes of their own, each writes down a notice and its cursor, and comes
// back with the last cursor, to whichever replica.
package storm

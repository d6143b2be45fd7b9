package edgetest

// Item is one of a list without end.
type Item struct{ Number int }

// Package outage holds the table of docs/OUTAGES.md against the running program: it takes away what the
// program stands on, asks for every operation of the table meanwhile, gives it back, and asks again until
// all is well.
package outage

// Package relay speaks Relay's conventions without telling more than it must: global ids and cursors
// are sealed, and connections page forward by key.
//
// A row id counts rows and an unsealed cursor repeats the value a list is sorted by, which may be
// masked. So both leave the program only as one AES block under a key of its own. Equal input gives
// equal text, which keeps answers cacheable and comparable; nothing else can be read from it.
//
// Conventions: https://relay.dev/graphql/connections.htm and
// https://relay.dev/graphql/objectidentification.htm.
package relay

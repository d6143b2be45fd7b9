package servertest

import (
	"parkbff/graph/relay"
	"parkbff/resolvers"
)

// Row opens a public id with the house's own keys.
func (h *House) Row(id string) int64 {
	h.T.Helper()
	sealer, err := relay.NewSealer(h.Keys.IDKey(), resolvers.NodeTypes()...)
	if err != nil {
		h.T.Fatal(err)
	}
	opened, err := sealer.OpenID(id)
	if err != nil {
		h.T.Fatal(err)
	}
	return opened.Row
}

package servertest

import (
	"time"

	"parkbff/graph/relay"
	"parkbff/resolvers"
)

// At answers the moment of the first day at which Shanghai's clocks show the given time, such as "09:03".
func At(clock string) time.Time {
	shown, err := time.Parse("15:04", clock)
	if err != nil {
		panic(err)
	}
	day := Morning.Add(-9 * time.Hour) // midnight in Shanghai
	return day.Add(time.Duration(shown.Hour())*time.Hour + time.Duration(shown.Minute())*time.Minute)
}

// ID seals a row's id as the house does, for rows that are not there too.
func (h *House) ID(typ string, row int64) string {
	h.T.Helper()
	sealer, err := relay.NewSealer(h.Keys.IDKey(), resolvers.NodeTypes()...)
	if err != nil {
		h.T.Fatal(err)
	}
	return sealer.SealID(typ, row)
}

// GateAt answers a client that bears the token of any gate of a lot.
func (h *House) GateAt(lotCode, gateCode string) *Client {
	h.T.Helper()
	token, err := h.Identity.GateToken(h.AsSystem(), lotCode, gateCode)
	if err != nil {
		h.T.Fatal(err)
	}
	return h.With(token)
}

package server_test

import (
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// Whoever pays at a lane does not learn the car's plate, and must not find it out by binding plates until
// one is recognised.
func TestWhoPaidForAStrangersCarCannotTellWhoseItIsByBindingPlates(t *testing.T) {
	testkit.Covers(t, "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Bound("APP", "粤B12345")
		payer := h.Driver("APP")
		h.Clock.Pass(time.Minute)
		stay := idOf(h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()))
		h.Clock.Pass(time.Hour)
		payer = payer.Refreshes()
		h.Pays(payer, stay, 500)
		for _, plate := range []string{"粤B67845", "粤B12345"} {
			payer.Binds(plate)
		}
		payer.Asks(`{ viewer { sessions(first: 1) { edges { node { plate vehicle { plate } } } } } }`).OK().
			MustContain(`{"plate":"粤B***45","vehicle":null}`)
	})
}

package server_test

import (
	"testing"

	"parkbff/server/servertest"
)

func TestAnErrorInAnEventIsFoundByItsPath(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Anonymous().Watches(`subscription { live: lotOccupancyChanged(lotCode: "WXC") { code bays: gates { code } } }`).Next().
			MustContain(`"live":{"code":"WXC","bays":null}`, `"path":["live","bays"]`, "FACT_REQUIRED")
	})
}

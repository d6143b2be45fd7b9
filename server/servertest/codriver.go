package servertest

import (
	"context"

	"parkbff/ent"
	"parkbff/ent/vehiclebinding"
)

// LetDrive makes co-drivers of all who were evicted when a vehicle was verified: they have it bound again, and
// not verified.
func (h *House) LetDrive() {
	h.T.Helper()
	err := h.Store.WithTx(h.AsSystem(), func(ctx context.Context, tx *ent.Tx) error {
		return tx.VehicleBinding.Update().Where(vehiclebinding.EndReasonEQ(vehiclebinding.EndReasonEVICTED)).
			ClearEndedAt().ClearEndReason().SetRole(vehiclebinding.RoleCO_DRIVER).Exec(ctx)
	})
	if err != nil {
		h.T.Fatal(err)
	}
}

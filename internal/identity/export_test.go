package identity

import (
	"context"

	"parkbff/ent"
	"parkbff/internal/cnid"
	"parkbff/internal/viewer"
)

// AccountOf opens or finds the account of a mobile as a sign-in does, without a code.
func (s *Service) AccountOf(ctx context.Context, m cnid.Mobile) (id int64, err error) {
	err = s.write(ctx, "test", func(ctx context.Context, tx *ent.Tx) error {
		id, err = s.accountOf(ctx, tx, m)
		return err
	})
	return id, err
}

// Interrupt makes a read of an account's facts end after change has happened.
func (s *Service) Interrupt(accountID int64, change func(), read func() *viewer.Viewer) *viewer.Viewer {
	of := subject{"ACCESS", accountID}
	now := s.clock.Now()
	_, epoch, _ := s.known.get(of, now, now)
	old, err := s.loadFacts(context.Background(), of)
	if err != nil {
		panic(err)
	}
	change()
	s.known.put(of, old, now, epoch)
	return read()
}

// CheckDocument checks a picture as VerifyVehicle does.
func (s *Service) CheckDocument(content []byte, declared string) error {
	return s.checkDocument(content, declared)
}

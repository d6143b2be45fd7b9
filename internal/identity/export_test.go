package identity

import (
	"context"

	"parkbff/ent"
	"parkbff/internal/cnid"
)

// AccountOf opens or finds the account of a mobile as a sign-in does, without a code.
func (s *Service) AccountOf(ctx context.Context, m cnid.Mobile) (id int64, err error) {
	err = s.write(ctx, "test", func(ctx context.Context, tx *ent.Tx) error {
		id, err = s.accountOf(ctx, tx, m)
		return err
	})
	return id, err
}

// HearOfChange is what hearing of a change of an account's facts from another replica does.
func (s *Service) HearOfChange(accountID int64) { s.drop(subject{"ACCESS", accountID}) }

// AskForFacts asks for an account's facts and does not wait.
func (s *Service) AskForFacts(accountID int64) { s.factRounds.ask(accountID) }

// CheckDocument checks a picture as VerifyVehicle does.
func (s *Service) CheckDocument(content []byte, declared string) error {
	return s.checkDocument(content, declared)
}

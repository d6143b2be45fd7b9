package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/channellink"
	"parkbff/ent/gate"
	"parkbff/ent/signin"
	"parkbff/ent/staff"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// subject is whom a token names.
type subject struct {
	use token.Use
	id  int64
}

// facts are the viewers a subject's tokens stand for, told apart by their SignInID: an account's by the row of
// the living sign-in, a gate's or a member of staff's by the token generation. A token that has none stands for
// nobody. There are few, and as many accounts as have sockets open, so they are a list and no map.
type facts []standing

type standing struct {
	viewer *viewer.Viewer
	until  time.Time // zero: while the token lives
}

func (f facts) of(signIn int64) (standing, bool) {
	for _, known := range f {
		if known.viewer.SignInID == signIn {
			return known, true
		}
	}
	return standing{}, false
}

// Viewer answers who stands behind a verified token, by the facts of this moment.
//
// Errors: SIGN_IN_ENDED for an account's token whose sign-in was revoked or is over; TOKEN_INVALID for a
// machine's or staff token of another generation.
func (s *Service) Viewer(ctx context.Context, c token.Claims) (*viewer.Viewer, error) {
	known, err := s.factsOf(ctx, subject{c.Use, c.Subject})
	if err != nil {
		return nil, err
	}
	found, ok := known.of(c.SignIn)
	if ok && (found.until.IsZero() || s.clock.Now().Before(found.until)) {
		return found.viewer, nil
	}
	if c.Use == token.Access {
		return nil, SignInEnded
	}
	return nil, token.Invalid
}

// renew replaces the viewer in ctx by the account's new facts. A sign-in that has ended meanwhile leaves
// nobody.
func (s *Service) renew(ctx context.Context, accountID, signInID int64) error {
	v, err := s.Viewer(ctx, token.Claims{Use: token.Access, Subject: accountID, SignIn: signInID})
	if errors.Is(err, SignInEnded) {
		v, err = viewer.Nobody(), nil
	}
	if err != nil {
		return err
	}
	viewer.Replace(ctx, v)
	return nil
}

// factsOf reads through the cache. What was read while a change came in is answered but not kept; what a
// transaction sees before its commit neither.
func (s *Service) factsOf(ctx context.Context, of subject) (facts, error) {
	now := s.clock.Now()
	if store.InTx(ctx) {
		return s.loadFacts(ctx, of)
	}
	// Consents are among the facts: those that counted until a version of the policy took effect do no more (R078).
	known, epoch, ok := s.known.get(of, now, s.catalogue.InForceSince(now))
	if ok {
		return known, nil
	}
	loaded, err := s.loadFacts(ctx, of)
	if err != nil {
		return nil, err
	}
	s.known.put(of, loaded, now, epoch)
	return loaded, nil
}

func (s *Service) loadFacts(ctx context.Context, of subject) (facts, error) {
	ctx = viewer.AsSystem(ctx, "read facts")
	db := s.store.Fresh(ctx)
	switch of.use {
	case token.Access:
		return s.accountFacts(ctx, db, of.id)
	case token.Gate:
		return gateFacts(ctx, db, of.id)
	case token.Staff:
		return staffFacts(ctx, db, of.id)
	}
	return nil, token.Invalid
}

func (s *Service) accountFacts(ctx context.Context, db *ent.Client, id int64) (facts, error) {
	base, err := s.accountViewer(ctx, db, id)
	if errors.Is(err, fault.NotFound) {
		return facts{}, nil
	}
	if err != nil {
		return nil, err
	}
	living, err := db.SignIn.Query().
		Where(signin.AccountID(id), signin.RevokedAtIsNil(), signin.ExpiresAtGT(s.clock.Now())).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read sign-ins: %w", err)
	}
	known := make(facts, len(living))
	for i, in := range living {
		v := *base
		v.SignInID = in.ID
		known[i] = standing{viewer: &v, until: in.ExpiresAt}
	}
	return known, nil
}

// accountViewer answers what every sign-in of an account shares. Error: NOT_FOUND, for one that is closed too.
func (s *Service) accountViewer(ctx context.Context, db *ent.Client, id int64) (*viewer.Viewer, error) {
	row, err := db.Account.Query().Where(account.ID(id), account.ClosedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	v := &viewer.Viewer{Kind: viewer.Driver, AccountID: id, FullMask: row.FullMask}
	if row.MessageDisplay != nil {
		v.Messages = viewer.Display(*row.MessageDisplay)
	}
	if v.Channels, err = channelsOf(ctx, db, id); err != nil {
		return nil, err
	}
	if v.Vehicles, err = vehiclesOf(ctx, db, id); err != nil {
		return nil, err
	}
	if v.Consents, err = s.consentsOf(ctx, db, id); err != nil {
		return nil, err
	}
	return v, nil
}

func channelsOf(ctx context.Context, db *ent.Client, accountID int64) ([]string, error) {
	links, err := db.ChannelLink.Query().Where(channellink.AccountID(accountID), channellink.EndedAtIsNil()).
		Order(channellink.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read channels: %w", err)
	}
	var names []string
	for _, link := range links {
		names = append(names, string(link.Channel))
	}
	return names, nil
}

func vehiclesOf(ctx context.Context, db *ent.Client, accountID int64) ([]viewer.Vehicle, error) {
	bindings, err := db.VehicleBinding.Query().
		Where(vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil()).Order(inBindOrder()...).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read bindings: %w", err)
	}
	var all []viewer.Vehicle
	for _, b := range bindings {
		all = append(all, viewer.Vehicle{ID: b.VehicleID, Binding: b.ID, Verified: verified(b)})
	}
	return all, nil
}

func gateFacts(ctx context.Context, db *ent.Client, id int64) (facts, error) {
	row, err := db.Gate.Query().Where(gate.ID(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return facts{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the gate: %w", err)
	}
	newest := viewer.Viewer{Kind: viewer.Gate, GateID: id, SignInID: row.TokenGeneration, Lots: []viewer.LotRole{{LotID: row.LotID}}}
	known := facts{{viewer: &newest}}
	if until := row.PreviousUntil; until != nil { // what has run out was not revoked, and is told apart by its time
		previous := newest
		previous.SignInID--
		known = append(known, standing{viewer: &previous, until: *until})
	}
	return known, nil
}

func staffFacts(ctx context.Context, db *ent.Client, id int64) (facts, error) {
	row, err := db.Staff.Query().Where(staff.ID(id)).WithRoles().Only(ctx)
	if ent.IsNotFound(err) {
		return facts{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the member of staff: %w", err)
	}
	v := &viewer.Viewer{Kind: viewer.Staff, StaffID: id, SignInID: row.TokenGeneration}
	for _, r := range row.Edges.Roles {
		switch role := viewer.Role(r.Role); {
		case r.LotID != nil:
			v.Lots = append(v.Lots, viewer.LotRole{LotID: *r.LotID, Role: role})
		case r.StoreID != nil:
			v.Stores = append(v.Stores, viewer.StoreRole{StoreID: *r.StoreID, Role: role})
		default:
			v.Office = append(v.Office, role)
		}
	}
	return facts{{viewer: v}}, nil
}

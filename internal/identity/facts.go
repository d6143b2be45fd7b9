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
	if of.use == token.Access {
		return s.factsInCompany(ctx, of.id)
	}
	loaded, err := s.loadFacts(ctx, of)
	if err != nil {
		return nil, err
	}
	s.known.put(of, loaded, now, epoch)
	return loaded, nil
}

func (s *Service) loadFacts(ctx context.Context, of subject) (facts, error) {
	ctx = viewer.AsSystem(ctx, jobFacts)
	db := s.store.Fresh(ctx)
	switch of.use {
	case token.Access:
		known, err := s.accountFacts(ctx, db, of.id)
		return known[of.id], err
	case token.Gate:
		return gateFacts(ctx, db, of.id)
	case token.Staff:
		return staffFacts(ctx, db, of.id)
	}
	return nil, token.Invalid
}

const jobFacts = "read facts"

// accountFacts reads the facts of accounts. One that is closed, or is none, has none.
func (s *Service) accountFacts(ctx context.Context, db *ent.Client, ids ...int64) (map[int64]facts, error) {
	bases, err := s.accountViewers(ctx, db, ids...)
	if err != nil {
		return nil, err
	}
	living, err := db.SignIn.Query().
		Where(signin.AccountIDIn(ids...), signin.RevokedAtIsNil(), signin.ExpiresAtGT(s.clock.Now())).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read sign-ins: %w", err)
	}
	known := make(map[int64]facts, len(ids))
	for _, in := range living {
		base, ok := bases[in.AccountID]
		if !ok {
			continue
		}
		v := *base
		v.SignInID = in.ID
		known[in.AccountID] = append(known[in.AccountID], standing{viewer: &v, until: in.ExpiresAt})
	}
	return known, nil
}

// accountViewer answers what every sign-in of an account shares. Error: NOT_FOUND, for one that is closed too.
func (s *Service) accountViewer(ctx context.Context, db *ent.Client, id int64) (*viewer.Viewer, error) {
	found, err := s.accountViewers(ctx, db, id)
	if err != nil {
		return nil, err
	}
	if found[id] == nil {
		return nil, fault.NotFound
	}
	return found[id], nil
}

// accountViewers answers what every sign-in of an account shares, for those accounts that are open.
func (s *Service) accountViewers(ctx context.Context, db *ent.Client, ids ...int64) (map[int64]*viewer.Viewer, error) {
	rows, err := db.Account.Query().Where(account.IDIn(ids...), account.ClosedAtIsNil()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	all := make(viewers, len(rows))
	for _, row := range rows {
		v := &viewer.Viewer{Kind: viewer.Driver, AccountID: row.ID, FullMask: row.FullMask}
		if row.MessageDisplay != nil {
			v.Messages = viewer.Display(*row.MessageDisplay)
		}
		all[row.ID] = v
	}
	for _, add := range []func(context.Context, *ent.Client, []int64) error{all.addChannels, all.addVehicles} {
		if err := add(ctx, db, ids); err != nil {
			return nil, err
		}
	}
	agreed, err := s.consentsOf(ctx, db, ids)
	if err != nil {
		return nil, err
	}
	for id, v := range all {
		v.Consents = agreed[id]
	}
	return all, nil
}

// viewers are what sign-ins share, by account.
type viewers map[int64]*viewer.Viewer

func (all viewers) addChannels(ctx context.Context, db *ent.Client, ids []int64) error {
	links, err := db.ChannelLink.Query().Where(channellink.AccountIDIn(ids...), channellink.EndedAtIsNil()).
		Order(channellink.ByID()).All(ctx)
	if err != nil {
		return fmt.Errorf("read channels: %w", err)
	}
	for _, link := range links {
		if v, ok := all[link.AccountID]; ok {
			v.Channels = append(v.Channels, string(link.Channel))
		}
	}
	return nil
}

func (all viewers) addVehicles(ctx context.Context, db *ent.Client, ids []int64) error {
	bindings, err := db.VehicleBinding.Query().
		Where(vehiclebinding.AccountIDIn(ids...), vehiclebinding.EndedAtIsNil()).Order(inBindOrder()...).All(ctx)
	if err != nil {
		return fmt.Errorf("read bindings: %w", err)
	}
	for _, b := range bindings {
		if v, ok := all[b.AccountID]; ok {
			v.Vehicles = append(v.Vehicles, viewer.Vehicle{ID: b.VehicleID, Binding: b.ID, Verified: verified(b)})
		}
	}
	return nil
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

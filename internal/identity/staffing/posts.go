package staffing

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/staff"
	"parkbff/ent/staffrole"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Invite gives somebody a role, in place of the one held at that lot or in that store. Who has not enrolled
// gets a new code to do so, instead of any before; but only from somebody who manages all of that person's
// posts, because whoever was given a code gets what all of them are worth.
//
// It is for managers of the place, for administrators, and for the operator of this service (the system).
// Errors: UNAUTHENTICATED; FORBIDDEN; BAD_USER_INPUT; NOT_FOUND for a place that is not there or is not
// theirs; STEP_UP_REQUIRED; NOT_ENROLLED for somebody who has a code from elsewhere and has not used it.
func (s *Service) Invite(ctx context.Context, a Appointment) (Invitation, error) {
	at, err := s.mayDecide(ctx, a)
	if err != nil {
		return Invitation{}, err
	}
	code, err := s.draw()
	if err != nil {
		return Invitation{}, err
	}
	var given Invitation
	asking := viewer.Of(ctx)
	err = s.write(ctx, "invite staff", func(ctx context.Context, tx *ent.Tx) error {
		given = Invitation{}
		member, err := s.appoint(ctx, tx, a.Label, a.Role, at)
		if err != nil || member.EnrolledAt != nil {
			return err
		}
		all, err := managesAll(ctx, tx, asking, member.ID)
		if err != nil {
			return err
		}
		if !all {
			return NotEnrolled
		}
		given = Invitation{Code: code, Until: s.clock.Now().Add(codeLife)}
		return s.keepCode(ctx, tx, member.ID, given)
	})
	if err != nil {
		return Invitation{}, err
	}
	return given, nil
}

// mayDecide tells whether the viewer may give or take a post, and finds its place.
func (s *Service) mayDecide(ctx context.Context, a Appointment) (site, error) {
	asking := viewer.Of(ctx)
	if asking.Kind != viewer.System {
		if _, err := worker(ctx); err != nil {
			return site{}, err
		}
	}
	if err := a.check(); err != nil {
		return site{}, err
	}
	reading := viewer.AsSystem(ctx, "find a place")
	at, err := siteOf(reading, s.store.Fresh(reading), a.Post)
	if err != nil {
		return site{}, err
	}
	switch {
	case asking.Kind == viewer.System:
		return at, nil
	case at.managedBy(asking):
		return at, s.SteppedUp(ctx)
	case at.worksAt(asking):
		return site{}, fault.Forbidden
	}
	return site{}, fault.NotFound
}

// appoint gives a role, and records who is new.
func (s *Service) appoint(ctx context.Context, tx *ent.Tx, label string, role staffrole.Role, at site) (*ent.Staff, error) {
	member, err := s.record(ctx, tx, label)
	if err != nil {
		return nil, err
	}
	s.facts.StaffChanged(ctx, member.ID)
	if at.lotID != nil || at.storeID != nil {
		n, err := tx.StaffRole.Update().Where(staffrole.StaffID(member.ID), at.held()).SetRole(role).Save(ctx)
		if err != nil || n > 0 {
			return member, wrap("change the role", err)
		}
	} else {
		has, err := tx.StaffRole.Query().Where(staffrole.StaffID(member.ID), at.held(), staffrole.RoleEQ(role)).Exist(ctx)
		if err != nil || has {
			return member, wrap("look for the role", err)
		}
	}
	err = tx.StaffRole.Create().SetStaffID(member.ID).SetNillableLotID(at.lotID).SetNillableStoreID(at.storeID).
		SetRole(role).Exec(ctx)
	return member, wrap("give the role", err)
}

func wrap(doing string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// record finds or makes the row of a personnel number, and holds it.
func (s *Service) record(ctx context.Context, tx *ent.Tx, label string) (*ent.Staff, error) {
	id, err := tx.Staff.Query().Where(staff.LabelEQ(label)).OnlyID(ctx)
	if err == nil {
		return hold(ctx, tx, id)
	}
	if !ent.IsNotFound(err) {
		return nil, fmt.Errorf("find the member of staff: %w", err)
	}
	row, err := tx.Staff.Create().SetLabel(label).SetCreatedAt(s.clock.Now()).Save(ctx)
	if store.IsDuplicate(err) {
		return nil, store.Retry(err)
	}
	return row, wrap("record the member of staff", err)
}

// managesAll tells whether the viewer manages every post of a member.
func managesAll(ctx context.Context, tx *ent.Tx, asking *viewer.Viewer, staffID int64) (bool, error) {
	held, err := tx.StaffRole.Query().Where(staffrole.StaffID(staffID)).All(ctx)
	if err != nil {
		return false, fmt.Errorf("read posts: %w", err)
	}
	for _, r := range held {
		if !(site{r.LotID, r.StoreID}).managedBy(asking) {
			return false, nil
		}
	}
	return true, nil
}

func (s *Service) keepCode(ctx context.Context, tx *ent.Tx, staffID int64, given Invitation) error {
	err := tx.Staff.UpdateOneID(staffID).SetEnrolHash(s.codeHash(given.Code)).SetEnrolUntil(given.Until).Exec(ctx)
	return wrap("keep the code", err)
}

// Dismiss takes a role away and ends the person's sign-ins at once, on open sockets too. With the last post
// go password and second factor, so that who comes back enrols anew.
//
// Viewers and errors as Invite, and NOT_FOUND for a post that nobody of that number holds; LAST_ADMIN.
func (s *Service) Dismiss(ctx context.Context, a Appointment) error {
	at, err := s.mayDecide(ctx, a)
	if err != nil {
		return err
	}
	return s.write(ctx, "dismiss staff", func(ctx context.Context, tx *ent.Tx) error {
		post, err := tx.StaffRole.Query().
			Where(staffrole.HasStaffWith(staff.LabelEQ(a.Label)), staffrole.RoleEQ(a.Role), at.held()).Only(ctx)
		if ent.IsNotFound(err) {
			return fault.NotFound
		}
		if err != nil {
			return fmt.Errorf("find the post: %w", err)
		}
		if a.Role == staffrole.RoleADMIN {
			if err := leavesAnAdmin(ctx, tx, post.StaffID); err != nil {
				return err
			}
		}
		return s.takeAway(ctx, tx, post)
	})
}

func (s *Service) takeAway(ctx context.Context, tx *ent.Tx, post *ent.StaffRole) error {
	member, err := hold(ctx, tx, post.StaffID)
	if err != nil {
		return err
	}
	if err := tx.StaffRole.DeleteOneID(post.ID).Exec(ctx); err != nil && !ent.IsNotFound(err) {
		return fmt.Errorf("take the role away: %w", err)
	}
	if err := s.endTokens(ctx, tx, member); err != nil {
		return err
	}
	employed, err := tx.StaffRole.Query().Where(staffrole.StaffID(member.ID)).Exist(ctx)
	if err != nil || employed {
		return wrap("look for posts", err)
	}
	err = tx.Staff.UpdateOneID(member.ID).ClearPasswordHash().ClearTotpSecret().ClearEnrolHash().ClearEnrolUntil().
		ClearEnrolledAt().Exec(ctx)
	return wrap("forget the enrolment", err)
}

// leavesAnAdmin tells whether another administrator who can sign in remains. Two who dismiss each other at
// once wait here for one another.
func leavesAnAdmin(ctx context.Context, tx *ent.Tx, leaving int64) error {
	admins := staffrole.And(staffrole.RoleEQ(staffrole.RoleADMIN), site{}.held())
	if err := tx.StaffRole.Update().Where(admins).Modify(store.Hold(staffrole.FieldRole)).Exec(ctx); err != nil {
		return fmt.Errorf("hold the administrators: %w", err)
	}
	others, err := tx.StaffRole.Query().Where(admins, staffrole.StaffIDNEQ(leaving),
		staffrole.HasStaffWith(staff.EnrolledAtNotNil())).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for other administrators: %w", err)
	}
	if !others {
		return LastAdmin
	}
	return nil
}

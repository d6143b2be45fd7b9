package staffing

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"parkbff/ent"
	"parkbff/ent/lot"
	"parkbff/ent/predicate"
	"parkbff/ent/staffrole"
	places "parkbff/ent/store"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

var labelShape = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)

// validLabel holds for what may be a personnel number.
func validLabel(label string) bool { return labelShape.MatchString(label) }

// check tells whether the role fits the place. Error: BAD_USER_INPUT with the field at fault.
func (a Appointment) check() error {
	if !validLabel(a.Label) {
		return fault.BadInput.At("label")
	}
	if staffrole.RoleValidator(a.Role) != nil {
		return fault.BadInput.At("role")
	}
	atLot, inStore := mayStand(a.Role)
	switch {
	case a.LotCode != nil && !atLot:
		return fault.BadInput.At("lotCode")
	case a.StoreCode != nil && (!inStore || a.LotCode != nil):
		return fault.BadInput.At("storeCode")
	case a.LotCode == nil && a.StoreCode == nil && atLot:
		return fault.BadInput.At("lotCode")
	case a.StoreCode == nil && inStore && !atLot:
		return fault.BadInput.At("storeCode")
	}
	return nil
}

// mayStand tells where a role may be held; neither is the platform.
func mayStand(role staffrole.Role) (atLot, inStore bool) {
	switch role {
	case staffrole.RoleATTENDANT:
		return true, false
	case staffrole.RoleMANAGER:
		return true, true
	case staffrole.RoleCLERK:
		return false, true
	}
	return false, false
}

// site is where a role is held: a lot, a store or, with neither, the platform.
type site struct{ lotID, storeID *int64 }

// siteOf finds the place of a post. Error: NOT_FOUND.
func siteOf(ctx context.Context, db *ent.Client, p Post) (at site, err error) {
	var id int64
	switch {
	case p.LotCode != nil && !strings.ContainsRune(*p.LotCode, 0): // which no text column takes
		at.lotID = &id
		id, err = db.Lot.Query().Where(lot.Code(*p.LotCode)).OnlyID(ctx)
	case p.StoreCode != nil && !strings.ContainsRune(*p.StoreCode, 0):
		at.storeID = &id
		id, err = db.Store.Query().Where(places.Code(*p.StoreCode)).OnlyID(ctx)
	case p.LotCode != nil || p.StoreCode != nil:
		return site{}, fault.NotFound
	}
	if ent.IsNotFound(err) {
		return site{}, fault.NotFound
	}
	if err != nil {
		return site{}, fmt.Errorf("find the place: %w", err)
	}
	return at, nil
}

// held are the roles at a place.
func (at site) held() predicate.StaffRole {
	switch {
	case at.lotID != nil:
		return staffrole.LotID(*at.lotID)
	case at.storeID != nil:
		return staffrole.StoreID(*at.storeID)
	}
	return staffrole.And(staffrole.LotIDIsNil(), staffrole.StoreIDIsNil())
}

// managedBy tells who may give and take the roles of a place: its managers, administrators, and the operator
// of this service.
func (at site) managedBy(v *viewer.Viewer) bool {
	switch {
	case v.Kind == viewer.System, v.Kind == viewer.Staff && v.Holds(viewer.Admin):
		return true
	case v.Kind != viewer.Staff:
		return false
	case at.lotID != nil:
		return v.ManagesLot(*at.lotID)
	case at.storeID != nil:
		return slices.Contains(v.Stores, viewer.StoreRole{StoreID: *at.storeID, Role: viewer.Manager})
	}
	return false
}

// worksAt holds for those to whom the place is no secret.
func (at site) worksAt(v *viewer.Viewer) bool {
	switch {
	case at.lotID != nil:
		return v.WorksAt(*at.lotID)
	case at.storeID != nil:
		return slices.ContainsFunc(v.Stores, func(r viewer.StoreRole) bool { return r.StoreID == *at.storeID })
	}
	return true
}

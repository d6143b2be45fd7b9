// Package viewer says who is asking, as facts.
//
// A viewer is built from a proved identity and from what the store knows of it at that moment; nothing
// a client asserts is a fact. Rules elsewhere test single facts about the vehicle or lot at hand and
// never compare tiers (design: facts, not ranks).
package viewer

import "slices"

// Kind of party behind a request.
type Kind uint8

// Kinds of viewer. System is the program itself, for jobs that no person asks for.
const (
	Anonymous Kind = iota
	Driver
	Gate
	Staff
	System
)

// Fact is one thing the platform knows about a viewer.
type Fact string

// Facts of J(一) and of staff. BOUND and VERIFIED speak of the vehicle at hand, LOT_STAFF of the lot
// at hand, the others of the account.
const (
	Registered Fact = "REGISTERED"
	Bound      Fact = "BOUND"
	Followed   Fact = "FOLLOWED"
	Verified   Fact = "VERIFIED"
	LotStaff   Fact = "LOT_STAFF"
)

// Role of a member of staff at a lot.
type Role string

// Roles. Of a lot, a manager may do what an attendant may.
const (
	Attendant Role = "ATTENDANT"
	Manager   Role = "MANAGER"
	Clerk     Role = "CLERK"   // of a store
	Officer   Role = "OFFICER" // of the platform: privacy
	Admin     Role = "ADMIN"   // of the platform: catalogue, releases
)

// Display is how an account wants its messages shown (R026). Empty is the usual: clear in the app, half in
// push messages.
type Display string

// Displays.
const (
	DisplayClear Display = "CLEAR"
	DisplayHalf  Display = "HALF"
	DisplayFull  Display = "FULL"
)

// Vehicle is what is known about a viewer's relation to one vehicle.
type Vehicle struct {
	ID       int64
	Binding  int64 // the row by which its account knows it
	Verified bool
}

// Viewer is who is asking. It is immutable once built: a change of facts makes a new one.
type Viewer struct {
	Kind      Kind
	AccountID int64       // Driver
	SignInID  int64       // Driver: the sign-in; Gate and Staff: the generation of the token
	Channels  []string    // Driver: where it follows or is signed in, by the contract's names
	FullMask  bool        // Driver: has switched full masking on
	Vehicles  []Vehicle   // Driver: bound now; few by rule
	Messages  Display     // Driver: how messages are shown
	Consents  []string    // Driver: purposes agreed to in the version in force, by the contract's names
	GateID    int64       // Gate
	StaffID   int64       // Staff
	Lots      []LotRole   // Gate: its one lot; Staff: where it works
	Stores    []StoreRole // Staff: where it works
	Office    []Role      // Staff: on the platform
	Purpose   string      // System: the job, for the log
}

// LotRole is a role at one lot. A gate's role is empty.
type LotRole struct {
	LotID int64
	Role  Role
}

// StoreRole is a role in one store.
type StoreRole struct {
	StoreID int64
	Role    Role
}

// Holds tells whether a member of staff holds a role on the platform.
func (v *Viewer) Holds(role Role) bool { return slices.Contains(v.Office, role) }

// Agrees tells whether the account has agreed to a purpose, in the version that is in force.
func (v *Viewer) Agrees(purpose string) bool { return slices.Contains(v.Consents, purpose) }

// MessageDisplay is how the account's messages show what is verified, in the app or pushed to a screen that
// others may see.
func (v *Viewer) MessageDisplay(pushed bool) Display {
	switch {
	case v.Messages != "":
		return v.Messages
	case pushed:
		return DisplayHalf
	}
	return DisplayClear
}

// Nobody is the viewer of a request without a token.
func Nobody() *Viewer { return &Viewer{Kind: Anonymous} }

// Vehicle finds the viewer's relation to a vehicle.
func (v *Viewer) Vehicle(id int64) (Vehicle, bool) {
	if id == 0 {
		return Vehicle{}, false
	}
	for _, own := range v.Vehicles {
		if own.ID == id {
			return own, true
		}
	}
	return Vehicle{}, false
}

// VehicleIDs lists the vehicles that are bound.
func (v *Viewer) VehicleIDs() []int64 {
	ids := make([]int64, len(v.Vehicles))
	for i, own := range v.Vehicles {
		ids[i] = own.ID
	}
	return ids
}

// WorksAt holds for the staff and the gates of a lot.
func (v *Viewer) WorksAt(lotID int64) bool {
	return lotID != 0 && slices.ContainsFunc(v.Lots, func(r LotRole) bool { return r.LotID == lotID })
}

// ManagesLot holds for a manager of that lot.
func (v *Viewer) ManagesLot(lotID int64) bool {
	return slices.Contains(v.Lots, LotRole{LotID: lotID, Role: Manager})
}

// LotIDs lists the lots at which the viewer works.
func (v *Viewer) LotIDs() []int64 {
	ids := make([]int64, len(v.Lots))
	for i, r := range v.Lots {
		ids[i] = r.LotID
	}
	return ids
}

// ManagedLotIDs lists the lots that the viewer manages.
func (v *Viewer) ManagedLotIDs() []int64 {
	var ids []int64
	for _, r := range v.Lots {
		if r.Role == Manager {
			ids = append(ids, r.LotID)
		}
	}
	return ids
}

// WorksIn holds for the staff of a store.
func (v *Viewer) WorksIn(storeID int64) bool {
	return slices.ContainsFunc(v.Stores, func(r StoreRole) bool { return r.StoreID == storeID })
}

// StoreIDs lists the stores in which the viewer works.
func (v *Viewer) StoreIDs() []int64 {
	ids := make([]int64, len(v.Stores))
	for i, r := range v.Stores {
		ids[i] = r.StoreID
	}
	return ids
}

// Knows tells whether a fact holds about the vehicle and the lot at hand; either may be zero when
// nothing of that kind is at hand.
func (v *Viewer) Knows(fact Fact, vehicleID, lotID int64) bool {
	switch fact {
	case Registered:
		return v.Registered()
	case Bound:
		_, bound := v.Vehicle(vehicleID)
		return bound
	case Followed:
		return v.Follows()
	case Verified:
		own, bound := v.Vehicle(vehicleID)
		return bound && own.Verified
	case LotStaff:
		return v.WorksAt(lotID)
	}
	return false
}

// Registered holds for whoever is signed in to an account.
func (v *Viewer) Registered() bool { return v.Kind == Driver }

// BoundPlates counts the vehicles that are bound.
func (v *Viewer) BoundPlates() int { return len(v.Vehicles) }

// VerifiedVehicles counts those of them that are verified.
func (v *Viewer) VerifiedVehicles() int {
	n := 0
	for _, own := range v.Vehicles {
		if own.Verified {
			n++
		}
	}
	return n
}

// Follows holds when the account follows on at least one channel.
func (v *Viewer) Follows() bool { return len(v.Channels) > 0 }

// HasVerified holds when any vehicle of the viewer is verified.
func (v *Viewer) HasVerified() bool {
	return v.VerifiedVehicles() > 0
}

// Package staffing knows the people who work for lots, stores and the platform: how they enrol, sign in by
// password and second factor, and what they are where.
package staffing

import "parkbff/ent/staffrole"

// Member is a member of staff. Label is a personnel number, not a name.
type Member struct {
	Label string
	Posts []Post
}

// Post is one role at one place: a lot, a store, or, with neither, the platform.
type Post struct {
	Role      staffrole.Role
	LotCode   *string
	StoreCode *string
}

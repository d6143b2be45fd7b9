// Package staffing knows the people who work for lots, stores and the platform: how they enrol, sign in by
// password and second factor, and what they are where.
package staffing

import (
	"fmt"
	"io"
	"time"

	"parkbff/ent"
	"parkbff/ent/staffrole"
)

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

// Appointment is a post for, or of, the person of a personnel number.
type Appointment struct {
	Label string
	Post
}

// Invitation is what inviting somebody hands out. There is no code for somebody who has enrolled.
type Invitation struct {
	Code  string // one-time; empty: none
	Until time.Time
}

// Format prints "invitation" whatever the verb.
func (Invitation) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "invitation") }

// Enrolment is what somebody who has enrolled signs in with, beside the password.
type Enrolment struct {
	Label string
	URI   string // otpauth://totp/…, with the secret
}

// Format prints "enrolment" whatever the verb.
func (Enrolment) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "enrolment") }

// SignedIn is what a sign-in hands out.
type SignedIn struct {
	Access    string
	ExpiresIn int // seconds until Access ends
	Staff     *Member
}

// Format prints "sign-in" whatever the verb.
func (SignedIn) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "sign-in") }

// memberOf shows a row that was read with its roles and their places.
func memberOf(row *ent.Staff) *Member {
	m := &Member{Label: row.Label, Posts: []Post{}}
	for _, r := range row.Edges.Roles {
		p := Post{Role: r.Role}
		if r.Edges.Lot != nil {
			p.LotCode = &r.Edges.Lot.Code
		}
		if r.Edges.Store != nil {
			p.StoreCode = &r.Edges.Store.Code
		}
		m.Posts = append(m.Posts, p)
	}
	return m
}

package servertest

import (
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/hotp"

	"parkbff/ent/staffrole"
	"parkbff/internal/identity/staffing"
)

var workers atomic.Int64

// Worker is a member of staff who has enrolled.
type Worker struct {
	*Client
	Label    string
	Password string
	Secret   string // of the second factor, in base32
}

// Officer is a new privacy officer of the platform, signed in just now.
func (h *House) Officer() *Client { return h.platform("OFFICER") }

// Admin is a new administrator of the platform, signed in just now.
func (h *House) Admin() *Client { return h.platform("ADMIN") }

func (h *House) platform(role string) *Client {
	h.T.Helper()
	return h.Hires(role, "", "").Client
}

// Hires is a new member of staff of a lot, of a store or, with neither, of the platform, who was invited by
// the operator, has enrolled and signed in.
func (h *House) Hires(role, lotCode, storeCode string) *Worker {
	h.T.Helper()
	post := staffing.Post{Role: staffrole.Role(role)}
	if lotCode != "" {
		post.LotCode = &lotCode
	}
	if storeCode != "" {
		post.StoreCode = &storeCode
	}
	label := fmt.Sprintf("W-%d", workers.Add(1))
	given, err := h.House.Staff.Invite(h.AsSystem(), staffing.Appointment{Label: label, Post: post})
	if err != nil {
		h.T.Fatal(err)
	}
	w := h.Enrols(given.Code)
	w.SignsIn()
	return w
}

// Enrols sets a password and the second factor by the code of an invitation.
func (h *House) Enrols(code string) *Worker {
	h.T.Helper()
	w := &Worker{Client: h.Anonymous(), Password: "correct horse battery staple"}
	got := w.Asks(EnrolStaff, Vars{"c": code, "p": w.Password}).OK()
	uri, err := url.Parse(got.String("enrolStaff.totpUri"))
	if err != nil {
		h.T.Fatal("the authenticator cannot read its secret")
	}
	w.Label, w.Secret = got.String("enrolStaff.label"), uri.Query().Get("secret")
	return w
}

// Operations of staff.
const (
	EnrolStaff = `mutation($c: String!, $p: String!) {
		enrolStaff(input: {enrolmentCode: $c, password: $p}) { label totpUri userErrors { code field message } }
	}`
	StaffLogin = `mutation($l: String!, $p: String!, $t: String!) {
		staffLogin(input: {label: $l, password: $p, totp: $t}) {
			accessToken expiresIn staff { label posts { role lotCode storeCode } } userErrors { code field message }
		}
	}`
)

// Shows is what the authenticator shows some steps of thirty seconds from now.
func (w *Worker) Shows(steps int) string {
	w.House.T.Helper()
	code, err := hotp.GenerateCode(w.Secret, uint64(w.House.Clock.Now().Unix()/30+int64(steps)))
	if err != nil {
		w.House.T.Fatal(err)
	}
	return code
}

// Tries to sign in with a code.
func (w *Worker) Tries(code string) *Answer {
	w.House.T.Helper()
	return w.House.Anonymous().Asks(StaffLogin, Vars{"l": w.Label, "p": w.Password, "t": code})
}

// SignsIn signs in with the code of this moment, once every thirty seconds at most.
func (w *Worker) SignsIn() *Answer {
	w.House.T.Helper()
	got := w.Tries(w.Shows(0)).OK()
	w.Token = got.String("staffLogin.accessToken")
	return got
}

// StepsUp shows the second factor anew, at a later step.
func (w *Worker) StepsUp() *Answer {
	w.House.T.Helper()
	w.House.Clock.Pass(30 * time.Second)
	return w.Asks(`mutation($t: String!) { staffStepUp(input: {totp: $t}) { until userErrors { code field } } }`,
		Vars{"t": w.Shows(0)}).OK()
}

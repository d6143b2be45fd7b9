package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/ent/signin"
	"parkbff/internal/identity"
	"parkbff/internal/testkit"
)

// TestAProfileIsWhatWasSetLastAndNotClearedSince compares any sequence of changes with the plainest model.
func TestAProfileIsWhatWasSetLastAndNotClearedSince(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	p := h.arrives(mobile, signin.ChannelAPP)
	all := []identity.ProfileField{identity.FieldNickname, identity.FieldGender, identity.FieldBirthday, identity.FieldRegion}
	texts := rapid.StringMatching(`[a-z一-龥]{1,20}`)
	genders := rapid.SampledFrom([]identity.Gender{identity.Female, identity.Male, identity.OtherGender})
	days := rapid.Map(rapid.IntRange(0, 365*108), func(n int) time.Time { return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) })
	rapid.Check(t, func(t *rapid.T) {
		_, err := h.ClearProfileFields(p.ctx, all)
		h.must(err)
		want := identity.Profile{}
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			var kept *identity.Account
			if rapid.Bool().Draw(t, "clears") {
				fields := rapid.SliceOf(rapid.SampledFrom(all)).Draw(t, "fields")
				for _, f := range fields {
					switch f {
					case identity.FieldNickname:
						want.Nickname = nil
					case identity.FieldGender:
						want.Gender = nil
					case identity.FieldBirthday:
						want.Birthday = nil
					case identity.FieldRegion:
						want.Region = nil
					}
				}
				kept, err = h.ClearProfileFields(p.ctx, fields)
			} else {
				change := identity.Profile{
					Nickname: rapid.Ptr(texts, true).Draw(t, "nickname"), Gender: rapid.Ptr(genders, true).Draw(t, "gender"),
					Birthday: rapid.Ptr(days, true).Draw(t, "birthday"), Region: rapid.Ptr(texts, true).Draw(t, "region"),
				}
				want = identity.Profile{
					Nickname: latest(want.Nickname, change.Nickname), Gender: latest(want.Gender, change.Gender),
					Birthday: latest(want.Birthday, change.Birthday), Region: latest(want.Region, change.Region),
				}
				kept, err = h.UpdateProfile(p.ctx, change)
			}
			h.must(err)
			got, err := h.Profile(p.ctx, kept)
			h.must(err)
			if d := cmp.Diff(&want, got); d != "" {
				t.Fatal(d)
			}
		}
	})
	if name := "小红"; fmt.Sprintf("%v %+v", identity.Profile{Nickname: &name}, &identity.Profile{Nickname: &name}) != "profile profile" {
		t.Error("a profile prints what it holds")
	}
}

func latest[T any](old, changed *T) *T {
	if changed != nil {
		return changed
	}
	return old
}

package demo

import (
	"encoding/json"
	"fmt"
	"net/http"

	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/viewer"
)

// Account is one that a newcomer may sign in to. Its JSON is what the page reads.
type Account struct {
	Tier     viewer.Tier    `json:"tier"`
	Mobile   string         `json:"mobile"` // of +86; synthetic
	Channel  signin.Channel `json:"channel"`
	Vehicles []Vehicle      `json:"-"`
}

// Vehicle is one that an account has bound.
type Vehicle struct {
	Plate    cnid.Plate
	Nickname string
	Verified bool
}

// Accounts answers one account of each tier that has one, lowest first. The account of tier VERIFIED has
// an unverified vehicle too, whose records stay masked. None has more than two unverified plates, so that
// one more can be bound.
// An error is a mistake of this package.
func Accounts() ([]Account, error) {
	accounts := []Account{
		{Tier: viewer.TierRegistered, Mobile: "13900000001", Channel: signin.ChannelH5},
		{Tier: viewer.TierPlateBound, Mobile: "13900000002", Channel: signin.ChannelH5},
		{Tier: viewer.TierFollowed, Mobile: "13900000003", Channel: signin.ChannelWECHAT_MINI},
		{Tier: viewer.TierVerified, Mobile: "13900000004", Channel: signin.ChannelAPP},
	}
	garage := []struct {
		account  int
		draw     func(head string, n int) (cnid.Plate, error)
		head     string
		nickname string
		verified bool
	}{
		{1, bluePlate, "浙A", "家用车", false},
		{2, bluePlate, "粤B", "家用车", false},
		{2, greenPlate, "粤B", "通勤电车", false},
		{3, bluePlate, "粤B", "家用车", true},
		{3, greenPlate, "粤B", "通勤电车", true},
		{3, bluePlate, "粤B", "借来的车", false},
	}
	for n, car := range garage {
		plate, err := car.draw(car.head, n)
		if err != nil {
			return nil, fmt.Errorf("plate of a demo account: %w", err)
		}
		owner := &accounts[car.account]
		owner.Vehicles = append(owner.Vehicles, Vehicle{Plate: plate, Nickname: car.nickname, Verified: car.verified})
	}
	return accounts, nil
}

// firstFreePlate is the first number of a plate that no account has.
const firstFreePlate = 100

// Handler answers the accounts as JSON, for the page: [{"tier","mobile","channel"}]. It belongs on a
// development server only.
func Handler(accounts []Account) (http.Handler, error) {
	body, err := json.Marshal(accounts)
	if err != nil {
		return nil, fmt.Errorf("write the demo accounts: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(body) // the client has gone: nobody to tell
	}), nil
}

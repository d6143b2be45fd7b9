package replay

import (
	"context"
	"fmt"
)

// tier is how far an account of the replay goes; see UserTier of the contract.
type tier struct {
	name    string
	channel string // where its person signs in
	binds   bool
	proves  bool
}

// tiers of accounts, in the order in which they are taken in turns. ANONYMOUS needs no account.
var tiers = [...]tier{
	{name: "VERIFIED", channel: "APP", binds: true, proves: true},
	{name: "FOLLOWED", channel: "APP", binds: true},
	{name: "PLATE_BOUND", channel: "H5", binds: true},
	{name: "REGISTERED", channel: "H5"},
}

// account is a person of the replay, with one vehicle or none.
type account struct {
	index  int // place among the accounts of the run
	number int // tells it from the accounts of other sets too
	tier   tier
	mobile string
	plate  string // empty: binds none
}

// accountsOf are the first n accounts of a set. They are the same ones whenever the set is replayed.
func accountsOf(set set, n int) []account {
	accounts := make([]account, n)
	for i := range accounts {
		number := set.accountNumber(i)
		accounts[i] = account{
			index: i, number: number, tier: tiers[i%len(tiers)], mobile: fmt.Sprintf("199%08d", number),
		}
		if accounts[i].tier.binds {
			accounts[i].plate = plateOfAccount(number)
		}
	}
	return accounts
}

const (
	sendLoginCode = `mutation($mobile: String!) { sendLoginCode(input: {mobile: $mobile}) { userErrors { code } } }`

	signIn = `mutation($mobile: String!, $code: String!, $channel: SignInChannel!) {
  login(input: {mobile: $mobile, code: $code, channel: $channel}) { accessToken userErrors { code } }
}`

	bindPlate = `mutation($plate: Plate!, $color: PlateColor!) {
  bindPlate(input: {plate: $plate, plateColor: $color, trackConsent: true}) { vehicle { id verified } userErrors { code } }
}`

	verifyVehicle = `mutation($vehicle: ID!, $licence: Upload!, $card: Upload!) {
  verifyVehicle(input: {vehicleId: $vehicle, drivingLicence: $licence, idCard: $card}) { userErrors { code } }
}`
)

// setUp brings an account to its tier through the public API, from wherever an earlier run left it.
func (c *client) setUp(ctx context.Context, a account) error {
	token, err := c.signIn(ctx, a)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if !a.tier.binds {
		return nil
	}
	vehicle, err := c.bind(ctx, token, a.plate)
	if err != nil {
		return fmt.Errorf("bind plate: %w", err)
	}
	if !a.tier.proves || vehicle.Verified {
		return nil
	}
	if err := c.verify(ctx, token, vehicle.ID, a); err != nil {
		return fmt.Errorf("verify vehicle: %w", err)
	}
	return nil
}

// signIn answers an access token. When the server goes away on the way, a new code is asked for, once the
// limit of one a minute allows it.
func (c *client) signIn(ctx context.Context, a account) (token string, err error) {
	err = c.insist(ctx, func(ctx context.Context) error {
		token, err = c.trySignIn(ctx, a)
		return err
	})
	return token, err
}

func (c *client) trySignIn(ctx context.Context, a account) (string, error) {
	var asked struct {
		SendLoginCode struct{ UserErrors userErrors }
	}
	if err := c.ask(ctx, "", request{sendLoginCode, map[string]any{"mobile": a.mobile}}, &asked); err != nil {
		return "", err
	}
	if err := asked.SendLoginCode.UserErrors.refusal(); err != nil {
		return "", err
	}
	code, err := c.loginCode(ctx, a.mobile)
	if err != nil {
		return "", err
	}
	var begun struct {
		Login struct {
			AccessToken string
			UserErrors  userErrors
		}
	}
	variables := map[string]any{"mobile": a.mobile, "code": code, "channel": a.tier.channel}
	if err := c.ask(ctx, "", request{signIn, variables}, &begun); err != nil {
		return "", err
	}
	return begun.Login.AccessToken, begun.Login.UserErrors.refusal()
}

// boundVehicle is a vehicle as its account sees it.
type boundVehicle struct {
	ID       string
	Verified bool
}

func (c *client) bind(ctx context.Context, token, plate string) (boundVehicle, error) {
	var answer struct {
		BindPlate struct {
			Vehicle    boundVehicle
			UserErrors userErrors
		}
	}
	err := c.insist(ctx, func(ctx context.Context) error {
		variables := map[string]any{"plate": plate, "color": plateColor}
		return c.ask(ctx, token, request{bindPlate, variables}, &answer)
	})
	if err != nil {
		return boundVehicle{}, err
	}
	return answer.BindPlate.Vehicle, answer.BindPlate.UserErrors.refusal()
}

func (c *client) verify(ctx context.Context, token, vehicleID string, a account) error {
	licence, card, err := documentsOf(a)
	if err != nil {
		return err
	}
	contentType, body, err := multipartOf(request{verifyVehicle, map[string]any{"vehicle": vehicleID}},
		upload{"licence", licence}, upload{"card", card})
	if err != nil {
		return err
	}
	var answer struct {
		VerifyVehicle struct{ UserErrors userErrors }
	}
	err = c.insist(ctx, func(ctx context.Context) error { return c.post(ctx, token, contentType, body, &answer) })
	if err != nil {
		return err
	}
	return answer.VerifyVehicle.UserErrors.refusal()
}

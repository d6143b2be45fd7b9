package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// Person is somebody with an account; no such person exists. Documents are what the stand-in for document
// reading takes for pictures.
type Person struct {
	Mobile  string
	Channel string // APP follows, H5 does not
	Plate   string // empty: binds none

	VIN, EngineNumber, Name, Model, IDNumber string // for Verify
}

// Tokens of a sign-in.
type Tokens struct {
	AccessToken, RefreshToken string
}

// SignIn signs a person in by the code that the stand-in for SMS took.
func (h *House) SignIn(ctx context.Context, p Person) (Tokens, error) {
	c := Client{House: h}
	sent, err := c.Ask(ctx, `mutation($mobile: String!) { sendLoginCode(input: {mobile: $mobile}) { userErrors { code } } }`,
		map[string]string{"mobile": p.Mobile})
	if err == nil {
		err = sent.Into(new(json.RawMessage))
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("send a code: %w", err)
	}
	held, err := c.Get(ctx, "/dev/sms?"+url.Values{"mobile": {p.Mobile}}.Encode())
	if err != nil {
		return Tokens{}, fmt.Errorf("read the code: %w", err)
	}
	var sms struct{ Code string }
	if err := json.Unmarshal([]byte(held.Body), &sms); err != nil {
		return Tokens{}, fmt.Errorf("read the code: %w", err)
	}
	var data struct{ Login Tokens }
	begun, err := c.Ask(ctx, `mutation($mobile: String!, $code: String!, $channel: SignInChannel!) {
  login(input: {mobile: $mobile, code: $code, channel: $channel}) { accessToken refreshToken userErrors { code } } }`,
		map[string]string{"mobile": p.Mobile, "code": sms.Code, "channel": p.Channel})
	if err == nil {
		err = begun.Into(&data)
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("sign in: %w", err)
	}
	return data.Login, nil
}

// Bind binds the person's plate and answers the vehicle's id.
func (c Client) Bind(ctx context.Context, p Person) (vehicle string, err error) {
	var data struct {
		BindPlate struct{ Vehicle struct{ ID string } }
	}
	bound, err := c.Ask(ctx, `mutation($plate: Plate!) {
  bindPlate(input: {plate: $plate, plateColor: BLUE, trackConsent: true}) { vehicle { id } userErrors { code } } }`,
		map[string]string{"plate": p.Plate})
	if err == nil {
		err = bound.Into(&data)
	}
	if err != nil {
		return "", fmt.Errorf("bind a plate: %w", err)
	}
	return data.BindPlate.Vehicle.ID, nil
}

// Verify shows the person's two documents for a vehicle.
func (c Client) Verify(ctx context.Context, p Person, vehicle string) error {
	licence, err := json.Marshal(map[string]string{
		"plate": p.Plate, "vin": p.VIN, "engineNumber": p.EngineNumber, "owner": p.Name, "brandModel": p.Model,
	})
	if err != nil {
		return err
	}
	card, err := json.Marshal(map[string]string{"name": p.Name, "idNumber": p.IDNumber})
	if err != nil {
		return err
	}
	answer, err := c.Upload(ctx, `mutation($vehicle: ID!, $licence: Upload!, $card: Upload!) {
  verifyVehicle(input: {vehicleId: $vehicle, drivingLicence: $licence, idCard: $card}) { vehicle { verified } userErrors { code } } }`,
		map[string]any{"vehicle": vehicle}, File{"licence", licence}, File{"card", card})
	if err == nil {
		err = answer.Into(new(json.RawMessage))
	}
	if err != nil {
		return fmt.Errorf("verify a vehicle: %w", err)
	}
	return nil
}

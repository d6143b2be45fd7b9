package alipay

import (
	"cmp"
	"context"
	"crypto/aes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	sdk "github.com/smartwalle/alipay/v3"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/vouch"
)

// AuthorizeURL answers the page that asks the person for nothing (auth_base) and leads back with a code and
// the state. A stand-in serves its own.
func (c *Client) AuthorizeURL(state string) string {
	return c.page + "?" + url.Values{
		"app_id": {c.appID}, "scope": {"auth_base"}, "redirect_uri": {c.redirect}, "state": {state},
	}.Encode()
}

// Person redeems a code of my.getAuthCode or of the page of authorisation. An app that Alipay gives open
// ids knows people by those, an older one by their user id. Errors: vouch.Refused, fault.Unavailable.
func (c *Client) Person(ctx context.Context, code string) (vouch.Person, error) {
	if code == "" {
		return vouch.Person{}, vouch.Refused
	}
	reply, err := c.sdk.SystemOauthToken(ctx, sdk.SystemOauthToken{GrantType: "authorization_code", Code: code})
	if err != nil {
		return vouch.Person{}, refusal(err)
	}
	p := vouch.Person{Subject: cmp.Or(reply.OpenId, reply.UserId), Union: cmp.Or(reply.UserId, reply.UnionId)}
	if p.Subject == "" {
		return vouch.Person{}, fault.Unavailable.Because(errors.New("alipay: the reply names no person"))
	}
	return p, nil
}

// Mobile opens what my.getPhoneNumber answered: sealed with the app's key, and signed by Alipay. It names
// neither the person nor the time, and is the same each time for the same number, so it can be shown again;
// whoever takes it for a proof must have a code of the person beside it. Error: vouch.Refused.
func (c *Client) Mobile(ctx context.Context, response, sign string) (cnid.Mobile, error) {
	// The SDK decrypts before it checks the signature, and cannot take a part of a block.
	sealed, err := base64.StdEncoding.DecodeString(response)
	if err != nil || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 || sign == "" || !c.opens {
		return cnid.Mobile{}, vouch.Refused
	}
	whole, err := json.Marshal(map[string]string{"response": response, "sign": sign})
	if err != nil {
		return cnid.Mobile{}, fmt.Errorf("alipay: write the answer: %w", err)
	}
	number, err := c.sdk.DecodePhoneNumber(ctx, string(whole))
	if err != nil || number == nil || !number.Code.IsSuccess() {
		return cnid.Mobile{}, vouch.Refused
	}
	mobile, err := cnid.ParseMobile(number.Mobile)
	if err != nil {
		return cnid.Mobile{}, vouch.Refused.Because(errors.New("alipay: the number is not one of ours to serve"))
	}
	return mobile, nil
}

// refusal translates Alipay's code (https://opendocs.alipay.com/common/02km9f). Its message is dropped, and
// so are URLs of failed requests.
func refusal(err error) error {
	var answered *sdk.Error
	if errors.As(err, &answered) && answered != nil {
		cause := fmt.Errorf("alipay: refused with %q, %q", answered.Code, answered.SubCode)
		if strings.HasPrefix(answered.SubCode, "isv.code-") { // invalid, used or too old
			return vouch.Refused.Because(cause)
		}
		return fault.Unavailable.Because(cause)
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		return fault.Unavailable.Because(fmt.Errorf("alipay: send: %w", sent.Err))
	}
	return fault.Unavailable.Because(errors.New("alipay: no readable reply"))
}

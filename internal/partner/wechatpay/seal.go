package wechatpay

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"parkbff/internal/clock"
)

// window is how far WeChat's time of signing may be from ours.
const window = 5 * time.Minute

const signatureType = "WECHATPAY2-SHA256-RSA2048"

// seal knows WeChat's signature of replies and of its calls. It is the SDK's auth.Validator with our clock, and
// believes each key that the settings name.
type seal struct {
	keys    map[string]auth.Verifier
	newest  string
	machine clock.Clock
}

func newSeal(keys []PlatformKey, k clock.Clock) (seal, error) {
	if len(keys) == 0 {
		return seal{}, errors.New("wechatpay: a platform key is required")
	}
	s := seal{keys: map[string]auth.Verifier{}, newest: keys[0].ID, machine: k}
	for _, key := range keys {
		public, err := utils.LoadPublicKey(key.PEM)
		if err != nil {
			certificate, failed := utils.LoadCertificate(key.PEM)
			if failed != nil {
				return seal{}, errors.New("wechatpay: a platform key is neither a public key nor a certificate")
			}
			public, err = rsaKeyOf(certificate)
		}
		if err != nil || key.ID == "" {
			return seal{}, errors.New("wechatpay: a platform key has no id, or is not RSA")
		}
		s.keys[key.ID] = verifiers.NewSHA256WithRSAPubkeyVerifier(key.ID, *public)
	}
	return s, nil
}

// GetAcceptSerial names the key that replies are to be signed with.
func (s seal) GetAcceptSerial(context.Context) (string, error) { return s.newest, nil }

// Validate checks a reply, and leaves it to be read.
func (s seal) Validate(ctx context.Context, response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("wechatpay: read the reply: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return s.check(ctx, response.Header, body)
}

// check holds when WeChat has signed just these bytes, just now.
func (s seal) check(ctx context.Context, header http.Header, body []byte) error {
	if kind := header.Get("Wechatpay-Signature-Type"); kind != "" && kind != signatureType {
		return errors.New("wechatpay: a signature of another kind")
	}
	stamp, nonce := header.Get(consts.WechatPayTimestamp), header.Get(consts.WechatPayNonce)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || nonce == "" {
		return errors.New("wechatpay: not signed")
	}
	if s.machine.Now().Sub(time.Unix(seconds, 0)).Abs() > window {
		return errors.New("wechatpay: not signed just now")
	}
	serial := header.Get(consts.WechatPaySerial)
	key, known := s.keys[serial]
	if !known {
		return errors.New("wechatpay: signed with a key that is not known")
	}
	if key.Verify(ctx, serial, stamp+"\n"+nonce+"\n"+string(body)+"\n", header.Get(consts.WechatPaySignature)) != nil {
		return errors.New("wechatpay: not WeChat's signature")
	}
	return nil
}

func rsaKeyOf(certificate *x509.Certificate) (*rsa.PublicKey, error) {
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("wechatpay: not an RSA key")
	}
	return key, nil
}

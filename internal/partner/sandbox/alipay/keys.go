package alipay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"sync"
)

// Keys are the two pairs of keys of an app: ours, and Alipay's towards it.
type Keys struct{ App, Alipay *rsa.PrivateKey }

// NewKeys answers the keys of this process's stand-ins. They are made once: RSA keys take their time.
func NewKeys() (Keys, error) { return made() }

var made = sync.OnceValues(func() (Keys, error) {
	ours, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Keys{}, fmt.Errorf("sandbox: make keys: %w", err)
	}
	theirs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Keys{}, fmt.Errorf("sandbox: make keys: %w", err)
	}
	return Keys{ours, theirs}, nil
})

// AppPrivate is our private key, in PKCS #1 and Base64.
func (k Keys) AppPrivate() string {
	return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(k.App))
}

// AlipayPublic is Alipay's public key, in PKIX and Base64.
func (k Keys) AlipayPublic() string {
	der, err := x509.MarshalPKIXPublicKey(&k.Alipay.PublicKey)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(der)
}

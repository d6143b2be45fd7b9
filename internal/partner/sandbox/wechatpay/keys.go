package wechatpay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"
)

// PlatformKeyID names the platform's key.
const PlatformKeyID = "PUB_KEY_ID_0000000000000000000000000000000001"

// Keys are a merchant's, the platform's, and the secret of 32 bytes with which the platform seals what it tells the
// merchant.
type Keys struct {
	Merchant, Platform *rsa.PrivateKey
	APIv3              string
}

// NewKeys answers the keys of this process's stand-ins. They are made once: RSA keys take their time.
func NewKeys() (Keys, error) { return made() }

var made = sync.OnceValues(func() (Keys, error) {
	keys := Keys{APIv3: rand.Text() + "SANDBOX"}
	keys.APIv3 = keys.APIv3[len(keys.APIv3)-32:]
	for _, key := range []**rsa.PrivateKey{&keys.Merchant, &keys.Platform} {
		var err error
		if *key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return Keys{}, fmt.Errorf("sandbox: make keys: %w", err)
		}
	}
	return keys, nil
})

// Serial is the serial number of the merchant's certificate.
func (Keys) Serial() string { return "5157F09EFDC096DE15EBE81A47057A7200000001" }

// MerchantPrivate is the merchant's private key, in PKCS #8 and PEM.
func (k Keys) MerchantPrivate() string {
	der, err := x509.MarshalPKCS8PrivateKey(k.Merchant)
	return text("PRIVATE KEY", der, err)
}

// PlatformPublic is the platform's public key, in PKIX and PEM.
func (k Keys) PlatformPublic() string {
	der, err := x509.MarshalPKIXPublicKey(&k.Platform.PublicKey)
	return text("PUBLIC KEY", der, err)
}

func text(kind string, der []byte, err error) string {
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

package unionpay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// Names of certificates, as CFCA writes them.
const (
	unionPayName = "041@8310000000083040@中国银联股份有限公司@00016495"
	merchantName = "041@Z12@00040000:SIGN@00000062"
)

// Identity is a private key and the certificate that tells whose it is.
type Identity struct {
	Key         *rsa.PrivateKey
	Certificate *x509.Certificate
}

// CertificatePEM is the certificate in PEM.
func (i Identity) CertificatePEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate.Raw}))
}

// KeyPEM is the private key in PEM and PKCS #1.
func (i Identity) KeyPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(i.Key)}))
}

// Keys are an authority of two levels, and whom it has certified: UnionPay, to sign and to be told what nobody else may
// read, and a merchant of ours.
type Keys struct{ Root, Middle, UnionPay, Encryption, Merchant Identity }

// NewKeys answers the keys of this process's stand-ins. They are made once: RSA keys take their time.
func NewKeys() (Keys, error) { return made() }

// The lifetime of certificates, whatever the clock of a test.
var (
	since = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	until = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
)

var made = sync.OnceValues(func() (k Keys, err error) {
	var keys [5]*rsa.PrivateKey
	for i := range keys {
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return Keys{}, fmt.Errorf("sandbox: make keys: %w", err)
		}
	}
	if k.Root, err = issue(Identity{}, keys[0], "CFCA SANDBOX CA", until, true); err != nil {
		return Keys{}, err
	}
	if k.Middle, err = issue(k.Root, keys[1], "CFCA SANDBOX OCA1", until, true); err != nil {
		return Keys{}, err
	}
	if k.UnionPay, err = k.Issue(keys[2], unionPayName, until); err != nil {
		return Keys{}, err
	}
	if k.Encryption, err = k.Issue(keys[4], unionPayName, until); err != nil {
		return Keys{}, err
	}
	k.Merchant, err = k.Issue(keys[3], merchantName, until)
	return k, err
})

// Issue certifies that a key is of whom the name says, as the authority that certifies UnionPay would: name is as in
// 041@Z12@owner@00000062.
func (k Keys) Issue(key *rsa.PrivateKey, name string, until time.Time) (Identity, error) {
	return issue(k.Middle, key, name, until, false)
}

// issue makes a certificate; an issuer of nobody is the key itself.
func issue(issuer Identity, key *rsa.PrivateKey, name string, until time.Time, authority bool) (Identity, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<40))
	if err != nil {
		return Identity{}, fmt.Errorf("sandbox: no randomness: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, CommonName: name}, NotBefore: since, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, IsCA: authority,
	}
	if authority {
		template.KeyUsage |= x509.KeyUsageCertSign
	}
	if issuer.Key == nil {
		issuer = Identity{key, template}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, issuer.Certificate, &key.PublicKey, issuer.Key)
	if err != nil {
		return Identity{}, fmt.Errorf("sandbox: certify: %w", err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		return Identity{}, fmt.Errorf("sandbox: certify: %w", err)
	}
	return Identity{key, certificate}, nil
}

package unionpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"parkbff/internal/partner/unionpay/acp"
)

// authority tells which certificates are UnionPay's. Every message brings the certificate that it is signed by; the
// authority that issued it issues certificates to merchants too, so its owner is looked at as well.
type authority struct {
	roots, intermediates *x509.CertPool
	owner                string
}

func newAuthority(c Config) (authority, error) {
	a := authority{roots: x509.NewCertPool(), intermediates: x509.NewCertPool(), owner: c.Owner}
	if !a.roots.AppendCertsFromPEM([]byte(c.Roots)) {
		return authority{}, errors.New("unionpay: the roots are no certificates in PEM")
	}
	if c.Intermediates != "" && !a.intermediates.AppendCertsFromPEM([]byte(c.Intermediates)) {
		return authority{}, errors.New("unionpay: the intermediates are no certificates in PEM")
	}
	if a.owner == "" {
		a.owner = Owner
	}
	return a, nil
}

// signed tells whether UnionPay signed a message.
func (a authority) signed(m acp.Message, now time.Time) bool {
	key, err := a.key(m["signPubKeyCert"], now)
	return err == nil && m.Speaks() && m.Signed(key)
}

func (a authority) key(certificate string, now time.Time) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		return nil, errors.New("unionpay: no certificate")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errors.New("unionpay: not a certificate")
	}
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots: a.roots, Intermediates: a.intermediates, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		return nil, errors.New("unionpay: the certificate is not of our authority, or not of this time")
	}
	// CFCA writes names as 041@8310000000083040@中国银联股份有限公司@00016495.
	if parts := strings.Split(leaf.Subject.CommonName, "@"); len(parts) < 3 || parts[2] != a.owner {
		return nil, errors.New("unionpay: the certificate is somebody else's")
	}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("unionpay: the certificate is of another kind of key")
	}
	return key, nil
}

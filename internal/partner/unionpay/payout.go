package unionpay

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"regexp"
	"strings"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
)

// Paying out (代付).
const (
	paying     = "12"
	payoutKind = "000401" // bizType
	ofServers  = "07"     // channelType
	ofCards    = "01"     // accType: a bank card
)

// cardNumber is what UnionPay takes in accNo.
var cardNumber = regexp.MustCompile(`^[0-9]{12,19}$`)

// encryption is UnionPay's certificate for values that nobody else may read.
type encryption struct {
	key *rsa.PublicKey
	id  string // its serial number
}

// newEncryption reads the certificate, which is not one that UnionPay signs with. None is fine where nothing is paid out.
func newEncryption(text string) (encryption, error) {
	if text == "" {
		return encryption{}, nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return encryption{}, errors.New("unionpay: the encryption certificate is not one in PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return encryption{}, errors.New("unionpay: the encryption certificate is not one in PEM")
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return encryption{}, errors.New("unionpay: the encryption certificate is of another kind of key")
	}
	return encryption{key, certificate.SerialNumber.String()}, nil
}

// seal encrypts a value: RSA of PKCS #1 v1.5, as Base64 (敏感信息加密; signMethod 01 decides the kind).
func (e encryption) seal(text string) (string, error) {
	//lint:ignore SA1019 UnionPay takes no other padding; nobody learns from us whether it could read it
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, e.key, []byte(text))
	if err != nil {
		return "", errors.New("unionpay: a value cannot be encrypted")
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// PaysOut tells whether the client can pay out: it has UnionPay's encryption certificate.
func (c *Client) PaysOut() bool { return c.encryption.key != nil }

// Payout pays money of ours to a bank card (代付 of ACP 5.1.0: txnType 12, bizType 000401, to backTransReq). The number of
// the card is encrypted for UnionPay. UnionPay knows a payout by its number and the second of its CreatedAt, as it does all
// trades (https://open.unionpay.com/tjweb/acproduct/APIList?acpAPIId=931&apiservId=455, 商户订单号): asked again it answers
// what became of it. It only takes a payout in, so the answer is PENDING; PayoutStatus tells the rest.
//
// Errors: charge.Declined for a card that cannot be paid to; charge.Refused; fault.Unavailable when nobody knows what
// became of it. Whatever the error, ask PayoutStatus before the money is taken for not paid.
func (c *Client) Payout(ctx context.Context, p charge.Payout) (charge.PayoutReceipt, error) {
	if !c.PaysOut() || p.Fen <= 0 || !cardNumber.MatchString(p.Card) || p.Holder == "" || strings.ContainsAny(p.Holder, "&={}") {
		return charge.PayoutReceipt{}, charge.Refused.Because(errors.New("unionpay: no certificate, amount, card or holder"))
	}
	m := c.trade(paying, "00", p.Number, p.CreatedAt, p.Fen)
	m["bizType"], m["channelType"], m["accType"] = payoutKind, ofServers, ofCards
	m["encryptCertId"] = c.encryption.id
	var err error
	if m["accNo"], err = c.encryption.seal(p.Card); err != nil {
		return charge.PayoutReceipt{}, err
	}
	m["customerInfo"] = base64.StdEncoding.EncodeToString([]byte("{customerNm=" + p.Holder + "}"))
	reply, err := c.ask(ctx, c.config.Gateway+backPath, m, maxReply)
	if err != nil {
		return charge.PayoutReceipt{}, err
	}
	switch answer := reply["respCode"]; {
	case answer == twice:
		return c.PayoutStatus(ctx, p.Named())
	case succeeded(answer), answer != "" && undecided(answer):
		return charge.PayoutReceipt{Number: p.Number, State: charge.Pending}, nil
	default:
		return charge.PayoutReceipt{}, refused(answer)
	}
}

// PayoutStatus answers what has become of a payout, by its number and CreatedAt (交易状态查询, txnType 00). UNKNOWN says
// that UnionPay has not heard of it. Error: fault.Unavailable.
func (c *Client) PayoutStatus(ctx context.Context, n charge.Named) (charge.PayoutReceipt, error) {
	reply, err := c.query(ctx, n.Number, n.CreatedAt)
	if err != nil {
		return charge.PayoutReceipt{}, err
	}
	receipt := charge.PayoutReceipt{Number: n.Number, Transaction: reply["queryId"]}
	outcome := reply["origRespCode"]
	switch {
	case reply["respCode"] == noSuchOrder:
		receipt.State = charge.Unknown
	case undecided(outcome):
		receipt.State = charge.Pending
	case !succeeded(outcome):
		receipt.State, receipt.BadCard = charge.Closed, payers[outcome]
	default:
		fen, at, err := moved(reply, paying)
		if err != nil {
			return charge.PayoutReceipt{}, fault.Unavailable.Because(err)
		}
		receipt.State, receipt.Fen, receipt.At = charge.Done, fen, at
	}
	return receipt, nil
}

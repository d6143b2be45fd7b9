package unionpay

import (
	"cmp"
	"crypto/rsa"
	"encoding/base64"
	"net/url"
	"regexp"

	"parkbff/internal/partner/unionpay/acp"
)

// payout is one that a merchant has asked for, whatever became of it.
type payout struct {
	*order
	card, holder string
}

// PaidOut is money that went to a card.
type PaidOut struct {
	Number, Card, Holder string
	Fen                  int64
}

// PaidOut answers what was paid out, of what is remembered, in the order in which it was asked for.
func (s *Sandbox) PaidOut() []PaidOut {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []PaidOut
	for _, p := range s.payouts.All() {
		if p.code == succeeded {
			all = append(all, PaidOut{p.number, p.card, p.holder, p.fen})
		}
	}
	return all
}

// RefuseCard makes payouts to a card end with an answer from now on, such as 61, its number is none; with "00" they are
// paid again, and with "05" nobody knows what becomes of them until SettlePayout.
func (s *Sandbox) RefuseCard(card, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad[card] = answer
}

// SettlePayout ends a payout of which nobody knew what would become of it.
func (s *Sandbox) SettlePayout(number, answer string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.orders.Get(number)
	switch {
	case !known || o.kind != paying:
		return errNoOrder
	case o.code != pending:
		return errNotOpen
	case answer == succeeded:
		return s.move(o)
	}
	o.code = answer
	return nil
}

// payOut takes a payout in, and answers at once what is wrong with it.
func (s *Sandbox) payOut(said acp.Message) acp.Message {
	p, refusal := s.readPayout(said)
	if refusal == "" {
		refusal = s.keepPayout(p)
	}
	return reply(said, cmp.Or(refusal, succeeded))
}

var (
	cardOf   = regexp.MustCompile(`^[0-9]{12,19}$`)
	holderOf = regexp.MustCompile(`^\{customerNm=([^&=]+)\}$`)
)

// readPayout checks a payout as the original does.
func (s *Sandbox) readPayout(said acp.Message) (*payout, string) {
	for _, name := range []string{"bizType", "channelType", "orderId", "txnAmt", "backUrl", "accNo", "encryptCertId", "customerInfo"} {
		if said[name] == "" {
			return nil, incomplete
		}
	}
	back, err := url.Parse(said["backUrl"])
	switch {
	case said["txnSubType"] != "00", !orderID.MatchString(said["orderId"]), fenOf(said["txnAmt"]) == 0, said["currencyCode"] != "156",
		!channels[said["channelType"]], err != nil || back.Host == "":
		return nil, malformed
	case said["bizType"] != "000401", !s.merchants[said["merId"]].Pays:
		return nil, noRight
	case said["encryptCertId"] != s.private.Certificate.SerialNumber.String():
		return nil, unsigned
	}
	card, holder := s.decrypted(said["accNo"]), holderOf.FindStringSubmatch(decoded(said["customerInfo"]))
	if !cardOf.MatchString(card) || holder == nil {
		return nil, malformed
	}
	o := &order{said: said, kind: paying, number: said["orderId"], fen: fenOf(said["txnAmt"]), payer: card, code: pending}
	return &payout{o, card, holder[1]}, ""
}

// keepPayout remembers a payout, and pays it unless its card is to be refused.
func (s *Sandbox) keepPayout(p *payout) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.orders.Get(p.number); known {
		return twice
	}
	s.orders.Put(p.number, p.order)
	s.payouts.Add(p)
	switch answer := cmp.Or(s.bad[p.card], succeeded); answer {
	case succeeded:
		if s.move(p.order) != nil {
			return broken
		}
		return ""
	default:
		p.code = answer
		return answer
	}
}

// decrypted reads what was encrypted for UnionPay, or answers "".
func (s *Sandbox) decrypted(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	//lint:ignore SA1019 as the original does
	plain, err := rsa.DecryptPKCS1v15(nil, s.private.Key, raw)
	if err != nil {
		return ""
	}
	return string(plain)
}

func decoded(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(raw)
}

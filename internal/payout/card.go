package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"golang.org/x/text/width"

	"parkbff/internal/vault"
	"parkbff/internal/words"
)

// Where payees are sealed; identity knows these too, for accounts that are merged.
const (
	fieldAccount    = "payout_account.payee"
	fieldSettlement = "settlement.payee"
)

const (
	longestBank = 60
	payeeWord   = "payee"
)

var errPayee = errors.New("a payee cannot be written or read")

// payee is to whose card something is paid, as it is sealed.
type payee struct{ Card, Bank, Holder string }

// Format prints "payee" under every verb.
func (payee) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, payeeWord) }

// LogValue keeps its values out of structured logs.
func (payee) LogValue() slog.Value { return slog.StringValue(payeeWord) }

var (
	separators = strings.NewReplacer(" ", "", "-", "")
	cardDigits = regexp.MustCompile(`^[0-9]{12,19}$`)
)

// parseCard reads the number of a card as people type it. It checks the last digit by Luhn's formula (ISO/IEC 7812-1,
// annex B). Error: InvalidCard.
func parseCard(text string) (string, error) {
	card := separators.Replace(strings.TrimSpace(width.Narrow.String(text)))
	if !cardDigits.MatchString(card) || luhn(card) != 0 || strings.Trim(card, "0") == "" {
		return "", InvalidCard
	}
	return card, nil
}

// luhn sums the digits up, every second one from the right doubled, modulo 10.
func luhn(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum % 10
}

// parseBank reads a bank's name. Error: InvalidBank.
func parseBank(text string) (string, error) {
	bank := strings.TrimSpace(text)
	if bank == "" || !words.Line(bank, longestBank) {
		return "", InvalidBank
	}
	return bank, nil
}

func (s *Service) sealed(ctx context.Context, accountID int64, field string, p payee) (vault.Sealed, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, errPayee
	}
	sealed, err := s.Vault.SealString(ctx, vault.AccountKey(accountID), field, string(plain))
	if err != nil {
		return nil, fmt.Errorf("seal a payee: %w", err)
	}
	return sealed, nil
}

func (s *Service) opened(ctx context.Context, accountID int64, field string, sealed vault.Sealed) (payee, error) {
	plain, err := s.Vault.OpenString(ctx, vault.AccountKey(accountID), field, sealed)
	if err != nil {
		return payee{}, fmt.Errorf("open a payee: %w", err)
	}
	var p payee
	if json.Unmarshal([]byte(plain), &p) != nil {
		return payee{}, errPayee
	}
	return p, nil
}

package invoice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/invoicetitle"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
	"parkbff/internal/words"
)

// TitleKind is who an invoice is made out to.
type TitleKind string

// Kinds of titles.
const (
	Person  TitleKind = "PERSON"
	Company TitleKind = "COMPANY"
)

// Title is whom an invoice is made out to (R073). It prints as "title".
type Title struct {
	Row       int64 `json:"-"` // 0: it is not kept
	Kind      TitleKind
	Name      string
	TaxNumber *string `json:",omitempty"`
	Bank      *string `json:",omitempty"`
	Account   *string `json:",omitempty"`
	Phone     *string `json:",omitempty"`
	Address   *string `json:",omitempty"`
	Mail      *string `json:",omitempty"`
	Mobile    *string `json:",omitempty"`
}

// Format prints nobody's name.
func (Title) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "title") }

// LogValue keeps its values out of structured logs.
func (Title) LogValue() slog.Value { return slog.StringValue("title") }

// Limits of titles, in characters; those of the service, see einvoice.Request.
const (
	mostTitles  = 20
	mostName    = 100
	mostBank    = 60
	mostAddress = 80
	mostMail    = 50
)

// FieldDetails is where a kept title is sealed.
const FieldDetails = "invoice_title.details"

var (
	phoneForm   = regexp.MustCompile(`^\+?[0-9][0-9() -]{4,18}[0-9]$`)
	accountForm = regexp.MustCompile(`^[0-9]{8,30}$`)
	mailForm    = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	spaces      = strings.NewReplacer(" ", "", "-", "")
)

// tidied answers a title without what is around its values, or which of them is not of its form: InvalidTitle,
// cnid.InvalidCreditCode, cnid.InvalidMobile.
func (t Title) tidied() (Title, error) {
	var err error
	if t.Name, err = tidyText(t.Name, mostName, "name"); err != nil || t.Name == "" {
		return Title{}, InvalidTitle.At("name")
	}
	if t.TaxNumber, err = t.taxNumber(); err != nil {
		return Title{}, err
	}
	if t.Account != nil {
		digits := spaces.Replace(*t.Account)
		t.Account = &digits
	}
	for _, f := range []struct {
		name  string
		value **string
		most  int
		form  *regexp.Regexp
	}{
		{"bank", &t.Bank, mostBank, nil},
		{"account", &t.Account, mostBank, accountForm},
		{"phone", &t.Phone, mostBank, phoneForm},
		{"address", &t.Address, mostAddress, nil},
		{"mail", &t.Mail, mostMail, mailForm},
	} {
		if *f.value, err = tidied(*f.value, f.most, f.form, f.name); err != nil {
			return Title{}, err
		}
	}
	t.Mobile, err = tidyMobile(t.Mobile)
	return t, err
}

// taxNumber is checked for a company; a person has none here: that would be the number of their resident id.
func (t Title) taxNumber() (*string, error) {
	given := t.TaxNumber != nil && strings.TrimSpace(*t.TaxNumber) != ""
	switch {
	case t.Kind == Person && given:
		return nil, InvalidTitle.At("taxNumber")
	case t.Kind == Person:
		return nil, nil
	case t.Kind != Company:
		return nil, InvalidTitle.At("kind")
	case !given:
		return nil, InvalidTitle.At("taxNumber")
	}
	code, err := cnid.ParseCreditCode(*t.TaxNumber)
	if err != nil {
		return nil, fault.As(err).At("taxNumber")
	}
	text := code.Text()
	return &text, nil
}

// tidied answers a value that may be left out; an empty one is left out.
func tidied(value *string, most int, form *regexp.Regexp, name string) (*string, error) {
	if value == nil {
		return nil, nil
	}
	text, err := tidyText(*value, most, name)
	switch {
	case err != nil:
		return nil, err
	case text == "":
		return nil, nil
	case form != nil && !form.MatchString(text):
		return nil, InvalidTitle.At(name)
	}
	return &text, nil
}

func tidyText(text string, most int, name string) (string, error) {
	text = strings.TrimSpace(text)
	if !words.Line(text, most) {
		return "", InvalidTitle.At(name)
	}
	return text, nil
}

// mainland is the country whose mobiles the service sends to.
const mainland = "86"

func tidyMobile(value *string) (*string, error) {
	if value == nil || strings.TrimSpace(*value) == "" {
		return nil, nil
	}
	mobile, err := cnid.ParseMobile(*value)
	if err != nil || mobile.CountryCode() != mainland {
		return nil, cnid.InvalidMobile.At("mobile")
	}
	text := mobile.National()
	return &text, nil
}

// errDetails stands for the decoder's own error, which quotes what it read.
var errDetails = errors.New("the title is not of its form")

// SaveTitle keeps a title, once. Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; InvalidTitle,
// cnid.InvalidCreditCode, cnid.InvalidMobile; TooManyTitles.
func (s *Service) SaveTitle(ctx context.Context, t Title) (kept *Title, err error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.EInvoice, 0); err != nil {
		return nil, err
	}
	if t, err = t.tidied(); err != nil {
		return nil, err
	}
	err = s.write(ctx, jobTitle, func(ctx context.Context, tx *ent.Tx) error {
		t.Row, err = s.keep(ctx, tx, v.AccountID, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// keep writes a title down, unless it is kept already. It holds the account.
func (s *Service) keep(ctx context.Context, tx *ent.Tx, accountID int64, t Title) (row int64, err error) {
	held, err := tx.Account.Update().Where(account.ID(accountID), account.ClosedAtIsNil()).Modify(store.Hold(account.FieldFullMask)).Save(ctx)
	switch {
	case err != nil:
		return 0, fmt.Errorf("hold the account: %w", err)
	case held == 0:
		return 0, fault.NotFound
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return 0, errDetails
	}
	index := s.Vault.Index(FieldDetails, string(plain))
	own := tx.InvoiceTitle.Query().Where(invoicetitle.AccountID(accountID))
	row, err = own.Clone().Where(invoicetitle.DetailsIndex(index)).OnlyID(ctx)
	if !ent.IsNotFound(err) {
		return row, err
	}
	switch n, err := own.Count(ctx); {
	case err != nil:
		return 0, fmt.Errorf("count titles: %w", err)
	case n >= mostTitles:
		return 0, TooManyTitles
	}
	sealed, err := s.Vault.Seal(ctx, vault.AccountKey(accountID), FieldDetails, plain)
	if err != nil {
		return 0, err
	}
	kept, err := tx.InvoiceTitle.Create().SetAccountID(accountID).SetDetails(sealed).SetDetailsIndex(index).
		SetCreatedAt(s.Clock.Now()).Save(ctx)
	if err != nil {
		return 0, fmt.Errorf("keep the title: %w", err)
	}
	return kept.ID, nil
}

// DeleteTitle deletes a kept title. Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED, NOT_FOUND.
func (s *Service) DeleteTitle(ctx context.Context, row int64) error {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.EInvoice, 0); err != nil {
		return err
	}
	return s.write(ctx, jobTitle, func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.InvoiceTitle.Delete().Where(invoicetitle.ID(row), invoicetitle.AccountID(v.AccountID)).Exec(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("delete the title: %w", err)
		case n == 0:
			return fault.NotFound
		}
		return nil
	})
}

// Titles lists the asking driver's titles, newest first; others have none. Error: CONSENT_REQUIRED.
func (s *Service) Titles(ctx context.Context, p page.Request) (page.Of[*Title], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Title]{}, nil
	}
	if err := entitlement.Require(v, entitlement.EInvoice, 0); err != nil {
		return page.Of[*Title]{}, err
	}
	query := s.Store.Client(ctx).InvoiceTitle.Query().Order(ent.Desc(invoicetitle.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(invoicetitle.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Title]{}, fmt.Errorf("read titles: %w", err)
	}
	cut := page.Cut(rows, p.First)
	titles := make([]*Title, len(cut.Items))
	for i, row := range cut.Items {
		if titles[i], err = s.openTitle(ctx, row); err != nil {
			return page.Of[*Title]{}, err
		}
	}
	return page.Of[*Title]{Items: titles, More: cut.More}, nil
}

// Title answers one of the viewer's own. Error: NOT_FOUND.
func (s *Service) Title(ctx context.Context, row int64) (*Title, error) {
	found, err := s.Store.Fresh(ctx).InvoiceTitle.Query().Where(invoicetitle.ID(row)).Only(ctx)
	if err != nil {
		return nil, unseen(err, "read the title")
	}
	return s.openTitle(ctx, found)
}

func (s *Service) openTitle(ctx context.Context, row *ent.InvoiceTitle) (*Title, error) {
	plain, err := s.Vault.Open(ctx, vault.AccountKey(row.AccountID), FieldDetails, row.Details)
	if err != nil {
		return nil, err
	}
	t := &Title{}
	if json.Unmarshal(plain, t) != nil {
		return nil, errDetails
	}
	t.Row = row.ID
	return t, nil
}

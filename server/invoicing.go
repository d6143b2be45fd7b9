package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/invoice"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/partner/mail"
	sandboxeinvoice "parkbff/internal/partner/sandbox/einvoice"
	sandboxmail "parkbff/internal/partner/sandbox/mail"
	"parkbff/internal/vault"
	"parkbff/server/config"
)

// Invoicing are the partners that issue invoices and send mails. One that is nil is not there: without EInvoice no
// invoice is issued, and without Mail it is the service that sends mails.
type Invoicing struct {
	EInvoice *einvoice.Client
	Mail     *mail.Client

	// The stand-ins; nil where the real partner is asked.
	TaxOffice *sandboxeinvoice.Sandbox
	Mailboxes *sandboxmail.Sandbox

	rate einvoice.Rate
}

// invoiceFile is the part of the partners' file that says who issues and sends invoices.
type invoiceFile struct {
	EInvoice *struct {
		AppKey    string        `json:"appKey"`
		AppSecret string        `json:"appSecret"`
		Extension string        `json:"extension"`
		TaxCode   string        `json:"taxCode"`
		Rate      einvoice.Rate `json:"rate"`
		Seller    struct {
			Name      string `json:"name"`
			TaxNumber string `json:"taxNumber"`
			Address   string `json:"address"`
			Phone     string `json:"phone"`
			Bank      string `json:"bank"`
			Account   string `json:"account"`
			Clerk     string `json:"clerk"`
		} `json:"seller"`
	} `json:"einvoice"`
	Mail *struct {
		Address     string `json:"address"`
		ImplicitTLS bool   `json:"implicitTls"`
		User        string `json:"user"`
		Password    string `json:"password"`
		From        string `json:"from"`
		Name        string `json:"name"`
	} `json:"mail"`
}

// Names of the stand-ins, and in the partners' file.
const (
	einvoiceName = "einvoice"
	mailName     = "mail"
)

// openInvoicing opens who the file names. In development the others are stood in for; in production they are not
// there, and invoices are not offered.
func (p *Partners) openInvoicing(file invoiceFile, mode config.Mode, k clock.Clock, random io.Reader) error {
	return errors.Join(p.openEInvoice(file, mode, k, random), p.openMail(file, mode, k))
}

func (p *Partners) openEInvoice(file invoiceFile, mode config.Mode, k clock.Clock, random io.Reader) (err error) {
	f := file.EInvoice
	switch {
	case f == nil && mode == config.Production:
		return nil
	case f == nil:
		return p.standInForEInvoice(k, random)
	}
	if f.TaxCode == "" {
		f.TaxCode = einvoice.Parking
	}
	p.rate = f.Rate
	p.EInvoice, err = einvoice.New(einvoice.Config{
		BaseURL: einvoice.Endpoint, TokenURL: einvoice.TokenEndpoint, AppKey: f.AppKey, AppSecret: f.AppSecret,
		Extension: f.Extension, TaxCode: f.TaxCode, Rate: f.Rate, Seller: einvoice.Seller(f.Seller),
	}, k)
	return err
}

func (p *Partners) openMail(file invoiceFile, mode config.Mode, k clock.Clock) (err error) {
	f := file.Mail
	switch {
	case f == nil && mode == config.Production:
		return nil
	case f == nil:
		return p.standInForMail(k)
	}
	p.Mail, err = mail.New(mail.Config{
		Address: f.Address, ImplicitTLS: f.ImplicitTLS, User: f.User, Password: f.Password, From: f.From, Name: f.Name,
	}, k)
	return err
}

// sandboxSellerOfParking is who sells where nothing is real.
var sandboxSellerOfParking = einvoice.Seller{
	Name: "深圳市示例停车管理有限公司", TaxNumber: "91440300552114241P", Address: "深圳市福田区梅林街道1号", Phone: "0755-12345678",
	Bank: "招商银行梅林支行", Account: "755900000010001", Clerk: "王小明",
}

func (p *Partners) standInForEInvoice(k clock.Clock, random io.Reader) (err error) {
	seller := sandboxSellerOfParking
	p.TaxOffice, err = sandboxeinvoice.New(sandboxeinvoice.App{Key: sandboxSecret, Secret: sandboxSecret},
		sandboxeinvoice.Seller{Name: seller.Name, TaxNumber: seller.TaxNumber, Clerk: seller.Clerk}, k, random)
	if err != nil {
		return err
	}
	base, err := p.standIn(einvoiceName, p.TaxOffice)
	if err != nil {
		return err
	}
	p.rate = einvoice.General
	p.EInvoice, err = einvoice.New(einvoice.Config{
		BaseURL: base, TokenURL: base, AppKey: sandboxSecret, AppSecret: sandboxSecret, Seller: seller, TaxCode: einvoice.Parking,
		Rate: p.rate, Files: []string{strings.TrimPrefix(base, "http://")},
	}, k)
	return err
}

func (p *Partners) standInForMail(k clock.Clock) (err error) {
	p.Mailboxes = sandboxmail.New(sandboxmail.Account{}, nil)
	p.stoodIn(mailName)
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the stand-in of mail: %w", err)
	}
	go func() { _ = p.Mailboxes.Serve(listener) }() // ends with Close
	p.listeners = append(p.listeners, p.Mailboxes)
	p.Mail, err = mail.New(mail.Config{Address: listener.Addr().String(), From: "invoice@parkbff.example.cn", Name: "捷停车"}, k)
	return err
}

// openInvoices makes the service of invoices.
func (h *House) openInvoices(v *vault.Vault, random io.Reader) (err error) {
	c := invoice.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Random: random, Lots: h.Parking, Tasks: h.Outbox, Rate: h.Partners.rate,
		LinkKey: h.Keys.IDKey(), Log: h.Log,
	}
	if h.Partners.EInvoice != nil {
		c.Press = h.Partners.EInvoice
	}
	if h.Partners.Mail != nil {
		c.Post = h.Partners.Mail
	}
	h.Invoices, err = invoice.New(c)
	return err
}

// documents are the routes at which documents lie, each behind a link that its owner was given.
func (h *House) documents() map[string]http.Handler {
	return map[string]http.Handler{"GET " + invoice.LinkPath + "{file}": http.HandlerFunc(h.document)}
}

func (h *House) document(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	token, isPDF := strings.CutSuffix(r.PathValue("file"), invoice.LinkEnd)
	if !isPDF {
		http.NotFound(w, r)
		return
	}
	pdf, err := h.Invoices.Linked(r.Context(), token)
	switch {
	case errors.Is(err, fault.NotFound):
		http.NotFound(w, r)
		return
	case err != nil:
		h.Log.WarnContext(r.Context(), "an invoice could not be fetched", "error", err)
		http.Error(w, "", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Length", strconv.Itoa(len(pdf)))
	w.Header().Set("Content-Disposition", `inline; filename="invoice.pdf"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(pdf) // whoever went away opens it again
}

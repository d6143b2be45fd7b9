package server_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	requestInvoice = `mutation($in: RequestInvoiceInput!) { requestInvoice(input: $in) {
		invoice { id kind state failure number issuedAt amountFen taxFen titleName pdfUrl } userErrors { code field }
	} }`
	ownInvoices = `query($status: InvoiceState) { viewer {
		invoices(first: 10, status: $status) { edges { node { id kind state number issuedAt amountFen taxFen pdfUrl
			orders(first: 10) { edges { node { id plate lotName invoiceState } } } } } }
		invoiceableOrders(first: 10) { edges { node { id plate lotName invoiceState } } }
		invoiceTitles(first: 10) { edges { node { id kind name taxNumber bank account phone address mail mobile } } }
	} }`
	reverseInvoice = `mutation($id: ID!) { reverseInvoice(input: {invoiceId: $id}) { invoice { state } userErrors { code } } }`
	resendInvoice  = `mutation($id: ID!, $to: InvoiceAddressInput!) { resendInvoice(input: {invoiceId: $id, to: $to}) { invoice { id } userErrors { code field } } }`
	saveTitle      = `mutation($t: InvoiceTitleInput!) { saveInvoiceTitle(input: {title: $t}) { title { id name } userErrors { code field } } }`
	deleteTitle    = `mutation($id: ID!) { deleteInvoiceTitle(input: {titleId: $id}) { userErrors { code } } }`
)

// eachInvoicing runs a test in houses whose lots have invoices issued, all but WXH.
func eachInvoicing(t *testing.T, test func(t *testing.T, h *servertest.House)) {
	t.Helper()
	lots := servertest.Lots()
	for i := range lots {
		if lots[i].Code == "WXH" {
			lots[i].Capabilities = nil
		}
	}
	servertest.EachWith(t, servertest.Options{Lots: lots}, test)
}

// hasPaid has a car of somebody's stay an hour in a lot, and them pay 5 yuan for it.
func hasPaid(h *servertest.House, c *servertest.Client, lotCode, plate string) (order string) {
	h.T.Helper()
	entered := h.Gate(lotCode).Sees(plate, servertest.Entering, h.Clock.Now()).OK()
	h.Clock.Pass(50 * time.Minute)
	again := h.SignIn(c.Mobile, "APP")
	*c = *again
	return h.PaysAll(c, idOf(entered)).ID
}

func companyTitle() servertest.Vars {
	return servertest.Vars{
		"kind": "COMPANY", "name": "腾讯科技（深圳）有限公司", "taxNumber": "9144030071526726XG", "bank": "招商银行科技园支行",
		"account": "755900000020002", "phone": "0755-86013388", "address": "深圳市南山区高新区", "mail": "alice@example.cn", "mobile": "13800138000",
	}
}

func invoicing(key string, title servertest.Vars, orders ...string) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{"idempotencyKey": key, "orderIds": orders, "title": title}}
}

func typed() servertest.Vars { return servertest.Vars{"typed": companyTitle()} }

// issues lets time pass until no invoice is on its way.
func issues(t *testing.T, h *servertest.House) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		left, err := h.Store.Fresh(h.AsSystem()).Task.Query().Count(h.AsSystem())
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
		if time.Since(start) > 30*time.Second {
			t.Fatal("tasks are never done")
		}
		h.Clock.Pass(time.Second)
		if err := h.Outbox.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// opens fetches what lies at a path.
func opens(t *testing.T, h *servertest.House, path string) (status int, header http.Header, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
}

// reads is what a person reads on a document, without spaces. With PARKBFF_PAPERS it is kept in that folder too.
func reads(t *testing.T, pdf []byte) string {
	t.Helper()
	if folder := os.Getenv("PARKBFF_PAPERS"); folder != "" {
		name := strings.ReplaceAll(t.Name(), "/", "-") + ".pdf"
		if err := os.WriteFile(folder+"/"+name, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Fatal("this test needs pdftotext: install poppler-utils, or make poppler")
	}
	command := exec.CommandContext(t.Context(), "pdftotext", "-raw", "-enc", "UTF-8", "-", "-")
	command.Stdin = bytes.NewReader(pdf)
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), "")
}

func TestAnInvoiceIsIssuedAndItsDocumentShowsWhatTheScreenShows(t *testing.T) {
	testkit.Covers(t, "R022", "R073", "R075")
	eachInvoicing(t, func(t *testing.T, h *servertest.House) {
		for _, who := range []struct {
			c     *servertest.Client
			plate string
			shown []string
			not   []string
		}{
			{h.Bound("APP", "粤B12345"), "粤B12345", []string{"粤B***45", "万***停车场"}, []string{"12345粤", "粤B12345", "万象城"}},
			{h.Verified("APP", "粤B23456"), "粤B23456", []string{"粤B23456", "万象城停车场"}, []string{"***"}},
		} {
			one := hasPaid(h, who.c, "WXC", who.plate)
			h.Gate("WXC").Sees(who.plate, servertest.Leaving, h.Clock.Now()).OK()
			h.Clock.Pass(time.Hour)
			two := hasPaid(h, who.c, "WXC", who.plate)
			who.c.Asks(ownInvoices).OK().MustContain(one, two, `"invoiceState":null`).MustContain(who.shown...).MustNotContain(who.not...)
			asked := who.c.Asks(requestInvoice, invoicing("k", typed(), one, two)).OK().
				MustContain(`"state":"REQUESTED"`, `"amountFen":1000`, `"taxFen":82`, `"pdfUrl":null`, `"titleName":"腾讯科技（深圳）有限公司"`)
			who.c.Asks(requestInvoice, invoicing("k", typed(), one, two)).OK().MustContain(asked.String("requestInvoice.invoice.id"))
			issues(t, h)

			list := who.c.Asks(ownInvoices, servertest.Vars{"status": "ISSUED"}).OK().
				MustContain(`"kind":"BLUE"`, `"invoiceState":"ISSUED"`, `"invoiceableOrders":{"edges":[]}`).MustContain(who.shown...).MustNotContain(who.not...)
			who.c.Asks(ownInvoices, servertest.Vars{"status": "FAILED"}).OK().MustContain(`"invoices":{"edges":[]}`)
			edges, _ := servertest.Part(list.Shown(), "viewer.invoices.edges").([]any)
			number, _ := servertest.Part(edges[0], "node.number").(string)
			path, _ := servertest.Part(edges[0], "node.pdfUrl").(string)
			issuedAt, _ := servertest.Part(edges[0], "node.issuedAt").(string)
			status, header, pdf := opens(t, h, path)
			if status != http.StatusOK || header.Get("Cache-Control") != "no-store" || header.Get("Content-Type") != "application/pdf" {
				t.Fatalf("the document: %d %v", status, header)
			}
			day := strings.NewReplacer("-", "").Replace(issuedAt[:10])
			text := reads(t, pdf)
			for _, want := range append([]string{
				"腾讯科技（深圳）有限公司", "9144030071526726XG", "深圳市示例停车管理有限公司", "91440300552114241P", number,
				day[:4] + "年" + day[4:6] + "月" + day[6:] + "日", "*经营租赁*停车费", "9.18", "0.82", "10.00", "壹拾圆整", "王小明", "2026-11-21", "5.00元",
			}, who.shown...) {
				if !strings.Contains(text, strings.ReplaceAll(want, " ", "")) {
					t.Errorf("the document does not show %s: %s", want, text)
				}
			}
			for _, not := range who.not {
				if strings.Contains(text, not) {
					t.Errorf("the document shows %s", not)
				}
			}
		}
	})
}

func TestADocumentIsOnlyReadByItsLink(t *testing.T) {
	testkit.Covers(t, "R022")
	eachInvoicing(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		asked := driver.Asks(requestInvoice, invoicing("k", typed(), hasPaid(h, driver, "WXC", "粤B12345"))).OK()
		issues(t, h)
		id := asked.String("requestInvoice.invoice.id")
		node := `query($id: ID!) { node(id: $id) { ... on Invoice { number pdfUrl titleName } } }`
		path := driver.Asks(node, servertest.Vars{"id": id}).OK().String("node.pdfUrl")
		for _, other := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Staff("WXC"), h.Gate("WXC").Client} {
			other.Asks(node, servertest.Vars{"id": id}).OK().MustContain(`"node":null`).MustNotContain("腾讯", ".pdf")
			other.Asks(ownInvoices).MustNotContain("腾讯", ".pdf", id)
		}
		h.Driver("APP").Asks(reverseInvoice, servertest.Vars{"id": id}).MustBeRefused("NOT_FOUND")
		h.Driver("APP").Asks(resendInvoice, servertest.Vars{"id": id, "to": servertest.Vars{"mail": "eve@example.cn"}}).MustBeRefused("NOT_FOUND")
		forged := []byte(path)
		forged[len("/invoices/")+3] ^= 1
		for _, wrong := range []string{string(forged), "/invoices/rubbish.pdf", "/invoices/.pdf", strings.TrimSuffix(path, ".pdf"), "/invoices/"} {
			if status, _, body := opens(t, h, wrong); status != http.StatusNotFound || bytes.HasPrefix(body, []byte("%PDF")) {
				t.Errorf("%s answers %d", wrong, status)
			}
		}
		h.Clock.Pass(10*time.Minute + time.Second)
		if status, _, _ := opens(t, h, path); status != http.StatusNotFound {
			t.Errorf("an old link answers %d", status)
		}
		if log := h.Logged(); strings.Contains(log, "腾讯") || strings.Contains(log, path[len("/invoices/"):len("/invoices/")+20]) {
			t.Error("the log names a buyer or a link")
		}
	})
}

func TestTitlesAreKeptWhenThatIsWantedAndTypedEachTimeOtherwise(t *testing.T) {
	testkit.Covers(t, "R073", "R074")
	eachInvoicing(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		order := hasPaid(h, driver, "WXC", "粤B12345")
		driver.Asks(requestInvoice, invoicing("k", typed(), order)).OK()
		driver.Asks(ownInvoices).OK().MustContain(`"invoiceTitles":{"edges":[]}`)
		kept := driver.Asks(saveTitle, servertest.Vars{"t": companyTitle()}).OK().String("saveInvoiceTitle.title.id")
		driver.Asks(ownInvoices).OK().MustContain(`"bank":"招商银行科技园支行"`, `"account":"755900000020002"`, `"mail":"alice@example.cn"`, `"mobile":"13800138000"`)
		h.Driver("APP").Asks(deleteTitle, servertest.Vars{"id": kept}).MustBeRefused("NOT_FOUND")
		wrong := companyTitle()
		wrong["taxNumber"] = "9144030071526726XH"
		driver.Asks(saveTitle, servertest.Vars{"t": wrong}).MustBeRefused("INVALID_CREDIT_CODE")
		driver.Asks(requestInvoice, invoicing("k2", servertest.Vars{"saved": kept}, order)).MustBeRefused("ORDER_ALREADY_INVOICED")
		driver.Asks(deleteTitle, servertest.Vars{"id": kept}).OK()
		driver.Asks(requestInvoice, invoicing("k3", servertest.Vars{"saved": kept}, order)).MustBeRefused("NOT_FOUND")
	})
}

func TestALotThatIssuesNoInvoicesIsNotAskedFor(t *testing.T) {
	testkit.Covers(t, "R022", "R075")
	eachInvoicing(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		order := hasPaid(h, driver, "WXH", "粤B12345")
		driver.Asks(ownInvoices).OK().MustContain(`"invoiceableOrders":{"edges":[]}`)
		driver.Asks(requestInvoice, invoicing("k", typed(), order)).MustBeRefused("NOT_OFFERED_BY_LOT")
		other := h.Bound("APP", "粤B23456")
		foreign := hasPaid(h, other, "WXC", "粤B23456")
		driver = h.SignIn(driver.Mobile, "APP")
		driver.Asks(requestInvoice, invoicing("k", typed(), foreign)).MustBeRefused("NOT_FOUND")
		h.Anonymous().Asks(requestInvoice, invoicing("k", typed(), foreign)).MustBeRefused("UNAUTHENTICATED")
		h.Staff("WXC").Asks(requestInvoice, invoicing("k", typed(), foreign)).MustBeRefused("FORBIDDEN")
	})
}

func TestAnInvoiceIsSentAgainByMailAndByMessageAndTakenBack(t *testing.T) {
	testkit.Covers(t, "R022")
	eachInvoicing(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		order := hasPaid(h, driver, "WXC", "粤B12345")
		id := driver.Asks(requestInvoice, invoicing("k", typed(), order)).OK().String("requestInvoice.invoice.id")
		issues(t, h)
		for _, to := range []servertest.Vars{{"mail": "bob@example.cn"}, {"mobile": "13900000077"}} {
			driver.Asks(resendInvoice, servertest.Vars{"id": id, "to": to}).OK()
		}
		issues(t, h)
		inbox := h.Partners.Mailboxes.Inbox()
		if len(inbox) != 1 || inbox[0].To != "bob@example.cn" || !strings.Contains(reads(t, inbox[0].Content), "腾讯科技") || strings.Contains(reads(t, inbox[0].Content), "粤B12345") {
			t.Errorf("%d mails lie in the inbox", len(inbox))
		}
		if sent := h.Partners.TaxOffice.Deliveries(); sent[len(sent)-1].Mobile != "13900000077" {
			t.Errorf("sent: %v", sent)
		}
		driver.Asks(reverseInvoice, servertest.Vars{"id": id}).OK().MustContain("REVERSING")
		issues(t, h)
		driver.Asks(ownInvoices).OK().MustContain(`"kind":"RED","state":"ISSUED"`, `"state":"REVERSED"`, `"amountFen":-500`, `"invoiceState":null`)
		again := driver.Asks(requestInvoice, invoicing("again", typed(), order)).OK().String("requestInvoice.invoice.id")
		issues(t, h)
		give := servertest.Vars{"in": servertest.Vars{"idempotencyKey": "r", "orderId": order, "amountFen": 200, "reason": "重复收费"}}
		h.Hires("MANAGER", "WXC", "").Asks(refundOrder, give).OK()
		driver.Asks(`query($id: ID!) { node(id: $id) { ... on Invoice { state } } }`, servertest.Vars{"id": again}).OK().MustContain("REVERSING")
	})
}

func TestWhatIsInvoicedMovesWithAnAccountAndGoesWithIt(t *testing.T) {
	testkit.Covers(t, "R073", "R075")
	eachInvoicing(t, func(t *testing.T, h *servertest.House) {
		leaver := h.Bound("APP", "粤B12345")
		order := hasPaid(h, leaver, "WXC", "粤B12345")
		leaver.Asks(saveTitle, servertest.Vars{"t": companyTitle()}).OK()
		leaver.Asks(requestInvoice, invoicing("k", typed(), order)).OK()
		issues(t, h)
		survivor := h.Driver("APP")
		h.Clock.Pass(61 * time.Second)
		survivor.Asks(merge, servertest.Vars{"m": leaver.Mobile, "c": h.CodeFor("MERGE", leaver.Mobile)}).OK()
		got := survivor.Asks(ownInvoices).OK().MustContain(`"state":"ISSUED"`, `"name":"腾讯科技（深圳）有限公司"`, order)
		edges, _ := servertest.Part(got.Shown(), "viewer.invoices.edges").([]any)
		path, _ := servertest.Part(edges[0], "node.pdfUrl").(string)
		if status, _, _ := opens(t, h, path); status != http.StatusOK {
			t.Errorf("the document answers %d", status)
		}
		survivor.Asks(closeAccount).OK()
		if status, _, _ := opens(t, h, path); status != http.StatusNotFound {
			t.Errorf("of a closed account the document answers %d", status)
		}
		rows, err := h.Store.Fresh(h.AsSystem()).Invoice.Query().All(h.AsSystem())
		if err != nil || len(rows) != 1 || rows[0].AccountID != nil || rows[0].Contents != nil || rows[0].Number == nil {
			t.Errorf("what is left of the invoice: %v, %v", rows, err)
		}
		left, err := h.Store.Fresh(h.AsSystem()).InvoiceTitle.Query().Count(h.AsSystem())
		if err != nil || left != 0 {
			t.Errorf("%d titles are left, %v", left, err)
		}
	})
}

package einvoice_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	wire "parkbff/internal/partner/einvoice"
	"parkbff/internal/partner/sandbox/einvoice"
	"parkbff/internal/testkit"
)

const (
	sellerTax = "91440300552114241P"
	buyerTax  = "9144030071526726XG"
	issue     = "nuonuo.OpeMplatform.requestBillingNew"
	find      = "nuonuo.OpeMplatform.queryInvoiceResult"
	reverse   = "nuonuo.OpeMplatform.saveInvoiceRedConfirm"
)

const order = `{"order":{"orderNo":"A1","invoiceDate":"2026-11-22 02:00:00","invoiceType":"1","invoiceLine":"pc","salerTaxNum":"` + sellerTax + `",` +
	`"salerTel":"0755-1","salerAddress":"深圳","clerk":"王小明","buyerName":"腾讯科技（深圳）有限公司","buyerTaxNum":"` + buyerTax + `",` +
	`"naturalPersonFlag":"0","pushMode":"-1","remark":"停车订单：PK1","invoiceDetail":[{"goodsName":"停车费","goodsCode":"3040502020200000000","unit":"次",` +
	`"withTaxFlag":"1","num":"3","price":"10.00000000","taxRate":"0.09","taxExcludedAmount":"27.52","tax":"2.48","taxIncludedAmount":"30.00",` +
	`"invoiceLineProperty":"0","favouredPolicyFlag":"0"}]}}`

var start = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)

// caller speaks the protocol by hand, so that it can speak it wrongly.
type caller struct {
	*einvoice.Sandbox
	t     *testing.T
	base  string
	clock *testkit.Clock
	token string
}

func newCaller(t *testing.T) *caller {
	t.Helper()
	c := &caller{t: t, clock: testkit.NewClock(start)}
	var err error
	if c.Sandbox, err = einvoice.New(einvoice.App{Key: "app", Secret: "secret"}, einvoice.Seller{Name: "深圳市示例停车管理有限公司", TaxNumber: sellerTax, Clerk: "王小明"}, c.clock, rand.Reader); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Sandbox)
	t.Cleanup(server.Close)
	c.base = server.URL
	c.token = c.signIn("secret")["access_token"].(string)
	return c
}

func (c *caller) signIn(secret string) map[string]any {
	c.t.Helper()
	response, err := http.PostForm(c.base+"/accessToken", url.Values{"client_id": {"app"}, "client_secret": {secret}, "grant_type": {"client_credentials"}})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.read(response)
}

func (c *caller) read(response *http.Response) map[string]any {
	c.t.Helper()
	defer func() { _ = response.Body.Close() }()
	var said map[string]any
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		c.t.Fatal(err)
	}
	return said
}

func (c *caller) request(method, body, senid string) *http.Request {
	c.t.Helper()
	nonce, timestamp := "12345678", strconv.FormatInt(c.clock.Now().Unix(), 10)
	query := url.Values{"senid": {senid}, "nonce": {nonce}, "timestamp": {timestamp}, "appkey": {"app"}}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base+"/open/v1/services?"+query.Encode(), strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Nuonuo-Sign", wire.Sign("secret", "app", senid, nonce, timestamp, []byte(body)))
	r.Header.Set("accessToken", c.token)
	r.Header.Set("userTax", sellerTax)
	r.Header.Set("method", method)
	return r
}

func (c *caller) send(r *http.Request) map[string]any {
	c.t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.read(response)
}

func (c *caller) call(method, body string) map[string]any {
	c.t.Helper()
	return c.send(c.request(method, body, fresh()))
}

func fresh() string { return strings.ToLower(rand.Text() + rand.Text())[:32] }

func TestEveryCallIsCheckedAsTheOriginalDoes(t *testing.T) {
	c := newCaller(t)
	if said := c.signIn("guessed"); said["access_token"] != nil {
		t.Error("a token for a guessed secret")
	}
	for want, spoil := range map[string]func(*http.Request){
		"070601": func(r *http.Request) { r.Header.Set("X-Nuonuo-Sign", "AAAA") },
		"070601 ": func(r *http.Request) { // signed, then changed
			changed := strings.Replace(order, "30.00", "99.00", 1)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
		},
		"070101": func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "appkey=app", "appkey=other", 1)
		},
		"070301": func(r *http.Request) { r.Header.Set("accessToken", "forged") },
		"070401": func(r *http.Request) { r.Header.Set("userTax", buyerTax) },
		"070501": func(r *http.Request) { r.Header.Set("method", "nuonuo.OpeMplatform.other") },
		"0201": func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "nonce=12345678", "nonce=1234567x", 1)
		},
		"0201 ": func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
	} {
		r := c.request(issue, order, fresh())
		spoil(r)
		if said := c.send(r); said["code"] != strings.TrimSpace(want) {
			t.Errorf("%s: %v", want, said)
		}
	}
	senid := fresh()
	if said := c.send(c.request(find, `{"orderNos":["A1"]}`, senid)); said["code"] != "E9500" {
		t.Errorf("nothing was issued: %v", said)
	}
	if said := c.send(c.request(find, `{"orderNos":["A1"]}`, senid)); said["code"] != "070601" {
		t.Errorf("sent a second time: %v", said)
	}
	stale := c.request(find, `{"orderNos":["A1"]}`, fresh())
	c.clock.Pass(11 * time.Minute)
	if said := c.send(stale); said["code"] != "070601" {
		t.Errorf("sent too late: %v", said)
	}
}

func TestAnOrderIsCheckedAsTheOriginalDoes(t *testing.T) {
	c := newCaller(t)
	for name, change := range map[string][3]string{
		"sums":             {`"taxExcludedAmount":"27.52"`, `"taxExcludedAmount":"27.51"`, "E9999"},
		"tax":              {`"taxExcludedAmount":"27.52","tax":"2.48"`, `"taxExcludedAmount":"27.59","tax":"2.41"`, "E9999"},
		"price":            {`"price":"10.00000000"`, `"price":"11.00000000"`, "E9999"},
		"rate":             {`"taxRate":"0.09"`, `"taxRate":"0.06"`, "E9999"},
		"policy":           {`"favouredPolicyFlag":"0"`, `"favouredPolicyFlag":"08"`, "E9999"},
		"code":             {`3040502020200000000`, `1010101010000000000`, "E9999"},
		"tax number":       {buyerTax, "9144030071526726XH", "E9999"},
		"a red one":        {`"invoiceType":"1"`, `"invoiceType":"2"`, "E9999"},
		"another kind":     {`"invoiceLine":"pc"`, `"invoiceLine":"bs"`, "E9999"},
		"nowhere to send":  {`"pushMode":"-1"`, `"pushMode":"0"`, "E9999"},
		"no mobile":        {`"pushMode":"-1"`, `"pushMode":"1","buyerPhone":"123"`, "E9999"},
		"half a place":     {`"remark"`, `"specificFactor":"6","remark"`, "E9999"},
		"long remark":      {`停车订单：PK1`, strings.Repeat("长", 201), "E9999"},
		"another seller":   {`"salerTaxNum":"` + sellerTax, `"salerTaxNum":"` + buyerTax, "070401"},
		"another clerk":    {`王小明`, `李四`, "070401"},
		"no address":       {`"salerAddress":"深圳"`, `"salerAddress":""`, "0201"},
		"no name":          {`腾讯科技（深圳）有限公司`, ``, "0201"},
		"number":           {`"orderNo":"A1"`, `"orderNo":"A-1"`, "0201"},
		"date":             {`2026-11-22 02:00:00`, `2026-11-22`, "0201"},
		"amount":           {`"27.52"`, `"27.5x"`, "0201"},
		"no lines":         {order[strings.Index(order, `[{`):], `[]}}`, "0201"},
		"an unknown field": {`"remark"`, `"note":"","remark"`, "0201"},
	} {
		if said := c.call(issue, strings.Replace(order, change[0], change[1], 1)); said["code"] != change[2] {
			t.Errorf("%s: %v", name, said)
		}
	}
	if said := c.call(issue, order); said["code"] != "E0000" {
		t.Errorf("nothing is wrong: %v", said)
	}
	if said := c.call(issue, order); said["code"] != "E9106" {
		t.Errorf("the same number: %v", said)
	}
}

// issued answers the file of the invoice with that number, as text.
func (c *caller) issued(number string) string {
	c.t.Helper()
	c.Finish()
	said := c.call(find, `{"orderNos":["`+number+`"]}`)
	address := said["result"].([]any)[0].(map[string]any)["pdfUrl"].(string)
	response, err := http.Get(address)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		c.t.Fatal("these tests need pdftotext: install poppler-utils, or make poppler")
	}
	command := exec.CommandContext(c.t.Context(), "pdftotext", "-raw", "-", "-")
	command.Stdin = response.Body
	var text bytes.Buffer
	command.Stdout = &text
	if err := command.Run(); err != nil {
		c.t.Fatal(err)
	}
	return text.String()
}

func TestTheFileIsTheInvoice(t *testing.T) {
	c := newCaller(t)
	c.call(issue, order)
	blue := c.issued("A1")
	for _, word := range []string{
		"26000000000000000001", "2026年11月22日", "腾讯科技（深圳）有限公司", buyerTax, "深圳市示例停车管理有限公司", sellerTax, "*经营租赁*停车费",
		"27.52", "9%", "2.48", "叁拾圆整", "停车订单：PK1", "王小明", "样张",
	} {
		if !strings.Contains(blue, word) {
			t.Errorf("%s does not stand on it: %s", word, blue)
		}
	}
	said := c.call(reverse, fmt.Sprintf(`{"billId":"R1","orderNo":"R1","blueInvoiceLine":"pc","applySource":"0","blueElecInvoiceNumber":"26000000000000000001",`+
		`"sellerTaxNo":%q,"sellerName":"深圳市示例停车管理有限公司","buyerTaxNo":%q,"buyerName":"腾讯科技（深圳）有限公司","redReason":"1"}`, sellerTax, buyerTax))
	if said["code"] != "E0000" {
		t.Fatal(said)
	}
	red := c.issued("R1")
	for _, word := range []string{"26000000000000000002", "被红冲蓝字数电发票号码：26000000000000000001", "红字发票信息确认单编号：", "-27.52", "-2.48", "（负数）叁拾圆整"} {
		if !strings.Contains(red, word) {
			t.Errorf("%s does not stand on the red one: %s", word, red)
		}
	}
}

package bill_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/wechatpay/bill"
)

const (
	header = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
	paid   = "`2026-11-21 13:51:31,`wxfdc955f7104ad557,`180023671,`0,`,`420000612032130748613220688,`01KAQ0000000000000000000A1,`oZWaCKXip5njeEiloC4oeOV1TTsk,`JSAPI,`SUCCESS,`OTHERS,`CNY,`12.50,`0.00,`0,`0,`0.00,`0.00,`,`,`停车费, 临停,`,`0.00000,`0.90%,`12.50,`0.00,`"
	back   = "`2026-11-21 14:00:00,`wxfdc955f7104ad557,`180023671,`0,`,`420000612032130748613220688,`01KAQ0000000000000000000A1,`oZWaCKXip5njeEiloC4oeOV1TTsk,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50300001,`R0001,`2.5,`0.00,`ORIGINAL,`PROCESSING,`停车费,`,`0.00000,`0.90%,`0.00,`2.5,`"
	foot   = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
	sums   = "`2,`12.50,`2.5,`0.0,`0.00000,`12.50,`2.50"
)

func whole(rows ...string) []byte { return []byte("\ufeff" + strings.Join(rows, "\r\n") + "\r\n") }

func TestAStatementIsRead(t *testing.T) {
	got, err := bill.Parse(whole(header, paid, back, foot, sums))
	if err != nil {
		t.Fatal(err)
	}
	want := []charge.Line{
		{
			Number: "01KAQ0000000000000000000A1", Transaction: "420000612032130748613220688", Fen: 1250,
			At: time.Date(2026, 11, 21, 5, 51, 31, 0, time.UTC),
		}, {
			Number: "01KAQ0000000000000000000A1", RefundNumber: "R0001", Transaction: "420000612032130748613220688", Fen: 250,
			At: time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := bill.Parse(whole(header, foot, "`0,`0,`0,`0,`0,`0,`0")); err != nil {
		t.Errorf("an empty one: %v", err)
	}
}

func TestWhatIsRevokedCountsAsGoneBack(t *testing.T) {
	revoked := strings.NewReplacer("REFUND", "REVOKED", "`R0001", "`0").Replace(back)
	got, err := bill.Parse(whole(header, paid, revoked, foot, sums))
	if err != nil || got[1].RefundNumber != "50300001" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAStatementThatIsWrongIsRefused(t *testing.T) {
	in := func(row, old, now string) string {
		if !strings.Contains(row, old) {
			t.Fatalf("there is no %s", old)
		}
		return strings.ReplaceAll(row, old, now)
	}
	lots := in(paid, "`12.50", "`90000000000000000.00")
	for name, raw := range map[string][]byte{
		"empty":                     nil,
		"no JSON either":            []byte(`{"code":"NO_STATEMENT_EXIST"}`),
		"no sums":                   whole(header, paid, back),
		"a line lost":               whole(header, paid, foot, sums),
		"a line twice":              whole(header, paid, paid, back, foot, sums),
		"another count":             whole(header, paid, back, foot, in(sums, "`2,`12", "`3,`12")),
		"another sum of payments":   whole(header, paid, back, foot, in(sums, "`12.50,`2.50", "`12.51,`2.50")),
		"another sum of refunds":    whole(header, paid, back, foot, in(sums, "`12.50,`2.50", "`12.50,`2.51")),
		"a count that is none":      whole(header, paid, back, foot, in(sums, "`2,`12", "`2x,`12")),
		"sums that are none":        whole(header, paid, back, foot, in(sums, "`12.50,`2.50", "`,`")),
		"no sum of refunds":         whole(header, paid, back, in(foot, ",申请退款总金额", ""), in(sums, ",`2.50", "")),
		"no backtick":               whole(header, strings.TrimPrefix(paid, "`"), back, foot, sums),
		"a cell more":               whole(header, paid+",`", back, foot, sums),
		"a column twice":            whole(in(header, ",设备号", ",商户号"), strings.TrimSuffix(paid, ",`"), strings.TrimSuffix(back, ",`"), foot, sums),
		"a column lost":             whole(in(header, "申请退款金额", "其他"), paid, back, foot, sums),
		"an amount with a sign":     whole(header, in(paid, "`12.50", "`-12.50"), back, foot, sums),
		"an amount of parts of fen": whole(header, in(paid, "`12.50", "`12.505"), back, foot, sums),
		"no amount":                 whole(header, in(paid, "`12.50", "`0.00"), back, foot, in(sums, "`12.50,`2.50", "`0.00,`2.50")),
		"no number":                 whole(header, in(paid, "01KAQ0000000000000000000A1", ""), back, foot, sums),
		"no transaction":            whole(header, in(paid, "420000612032130748613220688", ""), back, foot, sums),
		"no time":                   whole(header, in(paid, "2026-11-21 13:51:31", "2026"), back, foot, sums),
		"another state":             whole(header, in(paid, "SUCCESS", "MAYBE"), back, foot, sums),
		"a refund without a number": whole(header, paid, in(in(back, "`R0001", "`"), "`50300001", "`"), foot, sums),
		"more than there is":        whole(header, lots, lots, lots, foot, "`3,`0,`0,`0,`0,`85532559262904483.84,`0"), // as int64 has it
	} {
		got, err := bill.Parse(raw)
		if wrong := bill.Wrong(""); !errors.As(err, &wrong) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "oZWaC") || strings.Contains(err.Error(), "12")) {
			t.Errorf("%s: the error says %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole(header, paid, back, foot, sums))
	f.Add(whole(header, foot, "`0,`0,`0,`0,`0,`0,`0"))
	f.Add([]byte("a,a\n`\nb\n`"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lines, err := bill.Parse(raw)
		if wrong := bill.Wrong(""); err != nil && !errors.As(err, &wrong) {
			t.Error(err)
		}
		for _, line := range lines {
			if line.Fen <= 0 || line.Number == "" || line.Transaction == "" || line.At.IsZero() {
				t.Errorf("%+v", line)
			}
		}
	})
}

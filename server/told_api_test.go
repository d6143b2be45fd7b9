package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parkbff/ent/payment"
	"parkbff/ent/refund"
	"parkbff/internal/money"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// job is all that a partner is told: the names of the fields that its job may need, and which of what
// is personal in the story it does learn, by the field.
type job struct {
	fields []string
	learns map[string][]string // what: in which fields
}

// jobs of the parties. Whoever takes money learns an amount, numbers and times of ours, and that it is for parking; who
// pays owners out, their cards, which are encrypted for it, and their names;
// the rest is what its protocol says of itself. Whoever deducts learns also the plate that its own user agreed to, when it
// came and went, and never where: the name and the address of a place are the merchant's. Who reads papers sees papers, who sends codes the mobile, and who
// sends messages what a screen shows that others see.
var jobs = map[string]job{
	"wechatPay": {
		fields: words(`amount.currency amount.refund amount.total appid bill_date bill_type description free_duration mchid notify_url openid
			out_parking_no out_refund_no out_trade_no parking_info.charging_duration parking_info.device_id parking_info.end_time
			parking_info.parking_id parking_info.parking_name parking_info.plate_color parking_info.plate_number parking_info.start_time
			parking_name payer.openid plate_color plate_number scene_info.h5_info.type scene_info.payer_client_ip start_time time_expire
			token trade_scene`),
		learns: map[string][]string{"plate that WECHAT deducts for": {"parking_info.plate_number", "plate_number"}},
	},
	"alipayPay": {
		fields: words(`appId app_id bizType biz_content.agreement_query biz_content.alipay_user_id biz_content.bill_date
			biz_content.bill_type biz_content.buyer_id biz_content.car_color biz_content.car_number biz_content.car_number_color
			biz_content.in_duration biz_content.in_time biz_content.is_advance biz_content.mchnt_id biz_content.op_app_id
			biz_content.out_parking_id biz_content.out_request_no biz_content.out_serial_no biz_content.out_time biz_content.out_trade_no
			biz_content.parking_address biz_content.parking_id biz_content.parking_name biz_content.pay_scene biz_content.pay_type
			biz_content.pay_version biz_content.plate_color biz_content.product_code biz_content.query_options[] biz_content.quit_url
			biz_content.refund_amount biz_content.seller_id biz_content.serial_no biz_content.subject biz_content.sum_space biz_content.time_expire
			biz_content.total_amount biz_content.total_fee biz_content.ver charset fileType format method notify_url pay return_url sign
			sign_type timestamp token version`),
		learns: map[string][]string{"plate that ALIPAY deducts for": {"biz_content.car_number"}},
	},
	"unionPay": {fields: words(`accNo accType accessType backUrl bizType certId channelType currencyCode customerInfo encoding encryptCertId fileType frontUrl issInsCode merId
		orderDesc orderId origQryId pay payTimeout settleDate signMethod signature txnAmt txnSubType txnTime txnType version`)},
	"sms": {
		fields: words(`PhoneNumbers SignName TemplateCode TemplateParam.code`),
		learns: map[string][]string{"mobile": {"PhoneNumbers"}},
	},
	"ocr": {
		fields: words(`CardSide Config.CopyWarn Config.DetectPsWarn Config.ReshootWarn ImageBase64 picture.brandModel picture.engineNumber
			picture.idNumber picture.name picture.owner picture.plate picture.vin`),
		learns: map[string][]string{
			"plate": {"picture.plate"}, "plate's tail": {"picture.plate"}, "vin": {"picture.vin"},
			"owner": {"picture.name", "picture.owner"}, "resident id": {"picture.idNumber"},
		},
	},
	"wechat": {fields: words(`access_token appid code data.thing1.value data.thing2.value data.thing3.value data.thing4.value
		force_refresh grant_type js_code lang miniprogram_state openid page secret template_id touser`)},
	"alipay": {fields: words(`app_id biz_content.data.keyword1.value biz_content.data.keyword2.value biz_content.data.keyword3.value
		biz_content.data.keyword4.value biz_content.page biz_content.to_user_id biz_content.user_template_id charset code format
		grant_type method sign sign_type timestamp version`)},
	"jpush": {fields: words(`audience.registration_id[] cid count notification.android.alert notification.android.extras.kind
		notification.android.extras.noticeId notification.android.title notification.ios.alert.body notification.ios.alert.title
		notification.ios.badge notification.ios.extras.kind notification.ios.extras.noticeId notification.ios.sound
		options.apns_production options.time_to_live platform[]`)},
}

// storyLot is the code of the lot in the story: no signature contains so long a text by chance.
const storyLot = "WANXIANGCHENG-7"

func words(text string) []string { return strings.Fields(text) }

// payers are who takes money.
var payers = []string{"wechatPay", "alipayPay", "unionPay"}

func TestAPartnerIsToldWhatItsJobNeedsAndNothingElse(t *testing.T) {
	testkit.Covers(t, "R104")
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			told := &servertest.Told{}
			o := servertest.Options{
				Overhear: told.Overhear, SweepEvery: 50 * time.Millisecond,
				Lots: []lotfile.Lot{servertest.Lot(storyLot, "万象城停车场"), servertest.Lot("WXT", "万象天地停车场"), servertest.Lot("WXH", "万象汇停车场")},
			}
			if engine == "postgres" {
				o.DatabaseURL = testkit.PostgresURL(t)
			}
			h := servertest.New(t, o)
			s, owner := enteredBy(h, 1, "WECHAT_MINI", "ALIPAY_MINI")
			rings(owner, "owner")
			owner.Verifies(owner.Binds("粤B8XQ73"), "粤B8XQ73")
			for _, channel := range []string{"WECHAT_MINI", "ALIPAY_MINI"} {
				s.allows(owner, channel, "ENTERED")
			}
			h.Gate(storyLot).Sees("粤B8XQ73", servertest.Entering, h.Clock.Now()).OK()
			becomes(owner, "ALIPAY_MINI SENT", "WECHAT_MINI SENT", "JPUSH SENT")
			h.Clock.Pass(5 * time.Minute)
			h.Gate(storyLot).Sees("粤B8XQ73", servertest.Leaving, h.Clock.Now()).OK()
			h.Clock.Pass(time.Minute)
			hidden := map[string]string{
				"plate": "粤B8XQ73", "plate's tail": "8XQ73", "lot's code": storyLot, "lot": "万象城", "lot's address": "宝安南路",
				"mobile": s.who.mobile, "owner": "测试车主", "resident id": "11010519491231002X", "vin": "LSVAA4182E2184847",
				"reason": "重复收费",
			}
			for i, channel := range []string{"WECHAT", "ALIPAY", "UNIONPAY", "QUICKPASS", "ABC", "CCB", "JST_WALLET"} {
				hidden["stay of "+channel] = staysAndPays(t, h, owner.Refreshes(), channel)
				if owner = h.SignIn(owner.Mobile, "APP"); i == 0 {
					hidden["account"] = owner.Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id")
				}
			}
			for channel, plate := range deductedFor {
				hidden["plate that "+string(channel)+" deducts for"] = plate
				hidden["stay that "+string(channel)+" deducts for"] = isDeducted(t, h, channel, plate)
			}
			h.Clock.Set(servertest.Morning.AddDate(0, 0, 3).Add(6 * time.Hour))
			if err := h.Billing.ReconcileDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, partner := range told.Partners() {
				for _, field := range told.Fields(partner) {
					if !slices.Contains(jobs[partner].fields, field) {
						t.Errorf("%s was told %s", partner, field)
					}
				}
				for what, text := range hidden {
					if in := told.Names(partner, text); !slices.Equal(in, jobs[partner].learns[what]) {
						t.Errorf("%s learns the %s from %q", partner, what, in)
					}
				}
			}
			for _, partner := range payers {
				if len(told.Names(partner, "停车费")) == 0 || slices.Contains(told.Fields(partner), "") {
					t.Errorf("what %s was told was not overheard", partner)
				}
			}
		})
	}
}

// staysAndPays has the car stay and its owner pay in every way that a channel has, of which one is paid, and a part of
// it goes back. It answers the stay's id.
func staysAndPays(t *testing.T, h *servertest.House, owner *servertest.Client, channel string) (stay string) {
	t.Helper()
	stay = idOf(h.Gate(storyLot).Sees("粤B8XQ73", servertest.Entering, h.Clock.Now()).OK())
	h.Clock.Pass(2 * time.Hour)
	owner = owner.Refreshes()
	order := owner.Orders(owner.Quotes(servertest.Vars{"stay": stay}))
	order.Proof = ""
	for _, way := range []string{"APP", "MINI_PROGRAM"} {
		begun := owner.Asks(servertest.PayOrder, paying(order, channel, way, channel+way))
		if !strings.Contains(begun.Text, "PAYMENT_CHANNEL_NOT_OFFERED") {
			begun.OK().MustNotContain("8XQ73", storyLot, "万象城", owner.Mobile, stay)
		}
	}
	begun := owner.Asks(servertest.PayOrder, paying(order, channel, "H5", channel)).OK()
	takes(t, h, channel, begun.MustNotContain("8XQ73", storyLot, "万象城", owner.Mobile, stay))
	h.Hires("MANAGER", storyLot, "").Asks(refundOrder, servertest.Vars{"in": servertest.Vars{
		"idempotencyKey": channel, "orderId": order.ID, "amountFen": 300, "reason": "重复收费",
	}}).OK()
	h.Gate(storyLot).Sees("粤B8XQ73", servertest.Leaving, h.Clock.Now()).OK()
	isAllOver(t, h)
	return stay
}

// isAllOver waits until no payment and no refund is under way any more.
func isAllOver(t *testing.T, h *servertest.House) {
	t.Helper()
	system := h.AsSystem()
	for start := time.Now(); time.Since(start) < 30*time.Second; time.Sleep(50 * time.Millisecond) {
		h.Clock.Pass(time.Minute)
		paying, err := h.Store.Fresh(system).Payment.Query().Where(payment.StateIn(payment.StateCREATED, payment.StatePENDING)).Count(system)
		if err != nil {
			t.Fatal(err)
		}
		refunding, err := h.Store.Fresh(system).Refund.Query().Where(refund.StateNEQ(refund.StateDONE)).Count(system)
		switch {
		case err != nil:
			t.Fatal(err)
		case paying+refunding == 0:
			return
		}
	}
	t.Fatal("something is under way still")
}

// deductedFor are plates whose owners have a channel deduct: it learns the plate, and no other does.
var deductedFor = map[money.Channel]string{money.WeChat: "粤B9YT61", money.Alipay: "粤B9ZT62"}

// isDeducted has a channel take what a car owes whose payer agreed to it. It answers the stay's id.
func isDeducted(t *testing.T, h *servertest.House, channel money.Channel, plate string) (stay string) {
	t.Helper()
	agrees(t, h, channel, plate)
	stay = idOf(h.Gate(storyLot).Sees(plate, servertest.Entering, h.Clock.Now()).OK())
	issues(t, h)
	h.Clock.Pass(2 * time.Hour)
	h.Gate(storyLot).Sees(plate, servertest.Leaving, h.Clock.Now()).OK().MustContain(`"reason":"DEDUCTING"`)
	issues(t, h)
	return stay
}

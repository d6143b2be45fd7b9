package twoworld_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"parkbff/server/servertest"
)

// Plates and mobiles of the story.
const (
	boundPlate   = "粤B12345" // bound by two people, verified by none
	ownedPlate   = "粤B23456" // verified
	maskingPlate = "粤B34567" // verified by somebody under full masking
	hidingPlate  = "粤B45678" // verified by somebody who hides every record
	otherPlate   = "粤B56789" // verified; it parks elsewhere
	absentPlate  = "粤B99999" // parks nowhere
)

// parting are the mutations that take the viewer's own rights away, in the order in which that leaves the
// most for the others.
var parting = []string{"withdrawConsent", "unlinkChannel", "changeMobile", "unbindPlate", "mergeAccounts"}

// ending are the mutations after which one must sign in again.
var ending = []string{"forgetDevice", "logout", "closeAccount"}

// trial answers the values to try on an argument or an input field, the most usual first.
type trial func(met *acquaintance) []any

func these(values ...any) trial { return func(*acquaintance) []any { return values } }

func knownIDs(met *acquaintance) []any { return append(met.allIDs(), "rubbish", "") }

// knownQuotes are the tokens of what the viewer was quoted.
func knownQuotes(met *acquaintance) []any {
	quotes := []any{"rubbish", ""}
	for _, encoded := range slices.Sorted(maps.Keys(met.values["Payable.token"])) {
		quotes = append([]any{strings.Trim(encoded, `"`)}, quotes...)
	}
	return quotes
}

// trials by coordinate, or by name alone where that says enough. Enums, booleans, ids and inputs need none.
//
// A plate in a lot is only quoted in a lot where none of the cars with hidden values has a debt: that
// quotes answer what is owed, to anybody, is the purpose of theirs. TestNobodyCanSearchForACarByQuotes
// shows how far that goes.
var trials = map[string]trial{
	"first":  these(2, 1, 100, 0, 101),
	"months": these(3, 1, 2, 0, 4, -1),

	"Query.node.id":   knownIDs,
	"Query.nodes.ids": func(met *acquaintance) []any { return []any{met.someIDs(), []any{"rubbish"}, []any{}, tooMany()} },

	"Query.lots.search":       these("万象", "万***", "罗湖", "没有"),
	"Query.lots.radiusMeters": these(500, 1, 50_000, 0, 60_000),
	"latitude":                these(22.54, 22.55, 91.0),
	"longitude":               these(114.11, -181.0),

	"Query.lot.code": these("WXC", "WXT", "WXF", "WXG", "WXD", "WXM", elsewhere, agreed, "NONE", ""),
	"lotCode":        these("WXC", "WXT", "WXF", "WXG", "WXD", "WXM", elsewhere, agreed, "NONE", ""),
	"gateCode":       these("G1", "NONE"),

	"PlateAtLotInput.lotCode": these(elsewhere, "NONE"),
	"PlateAtLotInput.plate":   these(absentPlate, boundPlate, ownedPlate, maskingPlate, "粤B67845", "粤BD98745", "no plate"),
	"QuoteInput.lane":         these("NOSUCHLANE", ""),

	"mobile":         these("13900000099", "13900000001", "110"),
	"guardianMobile": these("13900000098", "13900000002", "110"),
	"code":           these("000000", "", "WXC"),
	"refreshToken":   these("rubbish", "a.b"),
	"channelCode":    these("rubbish", ""),
	"wechatCode":     these("rubbish", ""),
	"state":          these("rubbish", ""),
	"token":          these("rubbish", ""),
	"response":       these("rubbish", "e30="),
	"sign":           these("rubbish", ""),
	"deviceName":     these("小明的手机", ""),

	"deviceToken":           these("abcdef123456", "手机", ""),
	"QuietHoursInput.from":  these("22:00", "24:00", ""),
	"QuietHoursInput.until": these("07:30", "rubbish"),

	"label":         these("staff-WXC", "nobody", ""),
	"password":      these("a password that nobody has", ""),
	"totp":          these("000000", ""),
	"enrolmentCode": these("rubbish", ""),
	"storeCode":     these("NONE", ""),

	"version":        these("1.0.0", "0.0.1", "rubbish", ""),
	"minimumVersion": these("1.0.0", "rubbish"),
	"latestVersion":  these("1.2.0", "0.1.0"),
	"packageSha256":  these("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "rubbish"),
	"name":           these("new-map", ""),
	"since":          these("1.0.0", "rubbish"),
	"policyVersion":  these("2025-05-16", "1999-01-01", ""),
	"purpose":        these("核实车牌归属", ""),

	"birthday":        these("1990-01-01", "2099-01-01", "rubbish"),
	"region":          these("广东省深圳市", ""),
	"businessLicence": these(papers("in.drivingLicence", absentPlate), file("no picture")),

	"plate":          these(absentPlate, boundPlate, ownedPlate, "粤B67845", "no plate"),
	"nickname":       these("小车", "", "a name that is far too long to be one"),
	"drivingLicence": these(papers("in.drivingLicence", absentPlate), file("no picture")),
	"idCard":         these(papers("in.idCard", absentPlate), file("no picture")),

	"certificate": these(file("no picture")),
	"cardNumber":  these("6216261000000000018", "1"),
	"words":       these("费用不对", ""),
	"answer":      these("已核对", ""),
	"returnFen":   these(100, -1),

	"CreateOrderInput.voucherCodes": these([]any{}, []any{"ABCDEFGHJKMNPQRS"}),
	"CreateOrderInput.voucherIds":   these([]any{}, []any{"rubbish"}),

	"minutes":   these(60, 0),
	"holdsDays": these(7, 0),
	"points":    these(10, -1),
	"priceFen":  these(100, 0),
	"stock":     these(1, 0),
	"soldUntil": these(at(0, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),

	"pieces":      these(1, 0),
	"mostPerStay": these(1, 3),
	"mostPerDay":  these(1, 0),
	"startsAt":    these(at(0, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),
	"endsAt":      these(at(1, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),
	"month":       these("2026-11-21", "rubbish"),

	"title":                         these("月卡", ""),
	"bay":                           these("B-012", ""),
	"settlementDay":                 these(25, 31),
	"days":                          these(30, 0),
	"bays":                          these(1, 2),
	"periods":                       these(1, 0),
	"PublishPermitPlanInput.plates": these(1, 0),
	"PermitRuleInput.months":        these(1, 0),
	"day":                           these("2026-11-21", "rubbish"),
	"aheadMinutes":                  these(1440, -1),
	"longestMinutes":                these(1440, 0),
	"earlyMinutes":                  these(15, 90),
	"graceMinutes":                  these(30, -1),
	"freeMinutes":                   these(60, -1),
	"latePercent":                   these(50, 101),
	"ownerPercent":                  these(70, -1),
	"unitMinutes":                   these(60, -1),
	"open":                          these(true, false),
	"ReserveSpaceInput.from":        these(at(0, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),
	"ReserveSpaceInput.until":       these(at(0, "20:00").UTC().Format(time.RFC3339), at(0, "01:00").UTC().Format(time.RFC3339)),
	"Lot.reservations.day":          these(reserved.Format(time.DateOnly), "rubbish"),
	"Lot.sharedBays.from":           these(at(0, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),
	"Lot.sharedBays.until":          these(at(0, "20:00").UTC().Format(time.RFC3339), at(0, "01:00").UTC().Format(time.RFC3339)),
	"WeeklyHoursInput.from":         these("08:00", "rubbish"),
	"WeeklyHoursInput.until":        these("18:00", ""),
	"ListPlateInput.until":          these("2099-01-01T00:00:00Z", at(0, "01:00").UTC().Format(time.RFC3339)),
	"InviteVisitorInput.from":       these(at(0, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),
	"InviteVisitorInput.until":      these(at(1, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),

	"floatFen":   these(0, -1),
	"countedFen": these(0, -1),
	"note":       these("", "少了一张"),
	"successor":  these("staff-WXC", ""),

	"quote":          knownQuotes,
	"from":           these("2026-11-21", "rubbish"),
	"to":             these("2026-11-21", "2099-01-01"),
	"payerProof":     these("rubbish", ""),
	"amountFen":      these(1, 0, -1),
	"idempotencyKey": these("key-1", ""),

	"taxNumber": these("9144030071526726XG", "rubbish"),
	"bank":      these("招商银行", ""),
	"account":   these("755900000020002", "rubbish"),
	"phone":     these("0755-86013388", "rubbish"),
	"address":   these("深圳市南山区", ""),
	"mail":      these("alice@example.cn", "rubbish"),

	"text":       these("欢迎", ""),
	"reason":     these("test", ""),
	"occupied":   these(0, 5, -1),
	"countedAt":  these(at(0, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),
	"eventId":    these("event-1", ""),
	"observedAt": these(at(0, "12:00").UTC().Format(time.RFC3339), "2099-01-01T00:00:00Z"),
	"confidence": these(0.9, 2.0),
}

func papers(name, plate string) file { return file(servertest.PapersFor(plate).Files()[name]) }

func tooMany() []any {
	ids := make([]any, 101)
	for i := range ids {
		ids[i] = "rubbish"
	}
	return ids
}

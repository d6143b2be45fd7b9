package entitlement

import (
	"slices"

	"parkbff/ent/consent"
	"parkbff/internal/language"
	"parkbff/internal/viewer"
)

// row is one row of the table: names in both languages, and what the service needs.
type row struct {
	service  Service
	zh, en   string
	needs    []viewer.Fact
	consents []consent.Purpose
	source   string
}

// table is the policy: J(一) of 捷停车用户隐私政策, service by service. Facts stand in the order in which they
// are asked for. VERIFIED holds of bound vehicles only, so that BOUND is not named beside it. What needs no
// FOLLOWED beside VERIFIED does not ask for it: rules test facts, and never the rank of a tier (decision 3).
func table() []row {
	person := []viewer.Fact{viewer.Registered}
	bound := []viewer.Fact{viewer.Registered, viewer.Bound}
	followed := []viewer.Fact{viewer.Registered, viewer.Bound, viewer.Followed}
	verified := []viewer.Fact{viewer.Registered, viewer.Verified}
	verifiedAndFollowed := []viewer.Fact{viewer.Registered, viewer.Followed, viewer.Verified}
	core := []consent.Purpose{consent.PurposePARKING_CORE}
	coreAndMembership := []consent.Purpose{consent.PurposePARKING_CORE, consent.PurposeMEMBERSHIP}
	coreAndTrack := []consent.Purpose{consent.PurposePARKING_CORE, consent.PurposeMOVEMENT_TRACK}
	linking := []consent.Purpose{consent.PurposeTHIRD_PARTY_ACCOUNT}
	return []row{
		{FindLots, "查看/查找附近车场", "Finding lots", nil, nil, "(一)1(3)"},
		{QuotePlate, "输入车牌查询停车费", "Asking what a plate owes", nil, nil, "(一)1(2)"},
		{PayParking, "扫码或输入车牌缴费", "Paying for parking", nil, nil, "(一)1(2)"},
		{ManageProfile, "个人信息设置/修改/清除", "Personal information", person, nil, "(一)2(1)"},
		{ManageConsents, "授权管理", "Consents", person, nil, "(二)5(3), (六)2"},
		{ManageDevices, "设备与账号安全", "Devices and security", person, nil, "(二)4(1), (二)4(2)"},
		{MessageChannels, "消息推送设置", "How messages come", person, nil, "(一)2(2)"},
		{EndAccount, "账号注销与合并", "Closing and joining accounts", person, nil, "(六)3"},
		{LinkChannel, "关联第三方账号", "Linking a third-party account", person, linking, "(二)3(2)"},
		{BindPlate, "绑定车牌", "Binding a plate", person, coreAndTrack, "(一)3"},
		{DisputePlate, "车牌申诉", "Claiming a plate", person, coreAndTrack, "(二)2(5)"},
		{RunFleet, "车队认证", "Verifying a fleet", person, coreAndTrack, "(二)2(5)"},
		{StayRecords, "近3个月的账单查询", "Records of the last three months, masked", person, core, "(一)2(4)"},
		{DisputeCharge, "费用申诉", "Disputing a charge", person, core, "(二)2(12)"},
		{Vouchers, "停车券、商品购买", "Parking vouchers", person, core, "(一)2(5)"},
		{Membership, "会员、积分", "Membership and points", person, coreAndMembership, "(一)2(6)"},
		{Permits, "车位长租", "Monthly cards and rented bays", person, core, "(一)3(3)"},
		{Reservations, "预约停车", "Reserving a bay", person, core, "(二)1(2)"},
		{ShareSpace, "车位共享", "Sharing a bay of one's own", person, core, "(二)2(11)"},
		{HideRecord, "自定义隐藏停车信息", "Hiding single records", person, core, "(二)2(5)"},
		{SetMessages, "我的车辆—消息设置", "Message settings of a vehicle", bound, nil, "(一)2(2)"},
		{PasswordFree, "无感支付", "Password-free payment", bound, core, "(一)3(2)"},
		{EInvoice, "电子发票", "Electronic invoices", person, core, "(一)3(4), (二)2(10)"},
		{QuoteStay, "缴费无需再输车牌", "Asking what a stay owes, without typing a plate", person, core, "(一)3(1)"},
		{VerifyVehicle, "车辆认证", "Verifying a vehicle", bound, core, "(二)2(5)"},
		{StayMessages, "进出场通知", "Entry and exit messages", followed, coreAndTrack, "(一)4(1)"},
		{ClearRecords, "完整停车记录", "Records of stays, whole", verified, core, "(二)2(9)"},
		{SetMessageDisplay, "消息展示设置", "How messages are shown", verifiedAndFollowed, nil, "(一)4(1)"},
		{FullMask, "自定义全脱敏", "Full masking", verifiedAndFollowed, nil, "(一)5(2)"},
		{InviteCoDriver, "邀请共同驾驶人", "Inviting co-drivers", verifiedAndFollowed, nil, "(二)2(5)"},
	}
}

// All answers the whole table, with names in a language.
func All(l language.Language) []*Entitlement {
	rows := table()
	all := make([]*Entitlement, len(rows))
	for i, r := range rows {
		all[i] = &Entitlement{
			Service: r.service, Name: r.en, Needs: r.needs, Consents: r.consents, Since: since(r.needs), Source: r.source,
		}
		if l == language.Chinese {
			all[i].Name = r.zh
		}
	}
	return all
}

// Of answers what a tier may use: what every tier below may, and what it adds (R002, R003).
func Of(tier viewer.Tier, l language.Language) []*Entitlement {
	tiers := viewer.Tiers()
	return slices.DeleteFunc(All(l), func(e *Entitlement) bool {
		return slices.Index(tiers, e.Since) > slices.Index(tiers, tier)
	})
}

// since is the lowest tier behind which all the facts stand.
func since(needs []viewer.Fact) viewer.Tier {
	tiers := viewer.Tiers()
	for _, tier := range tiers {
		has := tier.Facts()
		if !slices.ContainsFunc(needs, func(f viewer.Fact) bool { return !slices.Contains(has, f) }) {
			return tier
		}
	}
	return tiers[len(tiers)-1]
}

// known is the table as it is looked up, on nearly every request; nothing changes it.
var known = table()

func find(s Service) (row, bool) {
	i := slices.IndexFunc(known, func(r row) bool { return r.service == s })
	if i < 0 {
		return row{}, false
	}
	return known[i], true
}

package entitlement

import (
	"slices"

	"parkbff/ent/consent"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// table is the policy: J(一) of 捷停车用户隐私政策, service by service. Facts stand in the order in which they
// are asked for.
func table() []Entitlement {
	person := []viewer.Fact{viewer.Registered}
	bound := []viewer.Fact{viewer.Registered, viewer.Bound}
	followed := []viewer.Fact{viewer.Registered, viewer.Bound, viewer.Followed}
	verified := []viewer.Fact{viewer.Registered, viewer.Bound, viewer.Followed, viewer.Verified}
	core := []consent.Purpose{consent.PurposePARKING_CORE}
	return []Entitlement{
		{Service: FindLots, Name: "查找车场", Source: "(一)1(3)"},
		{Service: QuotePlate, Name: "输入车牌查询停车费", Source: "(一)1(2)"},
		{Service: ManageProfile, Name: "个人信息设置、修改、清除", Needs: person, Source: "(一)2(1)"},
		{Service: ManageConsents, Name: "授权管理", Needs: person, Source: "(二)5(3)"},
		{Service: ManageDevices, Name: "设备与安全", Needs: person, Source: "(二)4(1)"},
		{Service: EndAccount, Name: "账号注销与合并", Needs: person, Source: "(六)1"},
		{Service: LinkChannel, Name: "关联第三方账号", Needs: person, Source: "(二)3(2)"},
		{Service: BindPlate, Name: "绑定车牌", Needs: person, Consents: core, Source: "(一)3"},
		{Service: DisputePlate, Name: "车牌申诉", Needs: person, Consents: core, Source: "(二)2(5)"},
		{Service: RunFleet, Name: "车队认证", Needs: person, Consents: core, Source: "(二)2(5)"},
		{Service: StayRecords, Name: "近3个月账单", Needs: person, Consents: core, Source: "(一)2(4)"},
		{Service: QuoteStay, Name: "免输车牌缴费查询", Needs: person, Consents: core, Source: "(一)3(1)"},
		{Service: HideRecord, Name: "单条记录隐藏", Needs: person, Consents: core, Source: "(二)2(5)"},
		{Service: SetMessages, Name: "我的车辆—消息设置", Needs: bound, Source: "(一)2(2)"},
		{Service: VerifyVehicle, Name: "车辆认证", Needs: bound, Consents: core, Source: "(二)2(5)"},
		{Service: StayMessages, Name: "进出场消息", Needs: followed, Consents: core, Source: "(一)4(1)"},
		{Service: ClearRecords, Name: "完整停车记录", Needs: verified, Consents: core, Source: "(二)2(9)"},
		{Service: SetMessageDisplay, Name: "消息显示方式", Needs: verified, Source: "(一)4(1)"},
		{Service: FullMask, Name: "自定义全脱敏", Needs: verified, Source: "(一)5(2)"},
		{Service: InviteCoDriver, Name: "邀请共同驾驶人", Needs: verified, Source: "(二)2(5)"},
	}
}

// Require answers nil when the viewer may use a service about the vehicle at hand; where none is at hand
// (0), any of the viewer's vehicles will do.
//
// Errors: UNAUTHENTICATED for nobody and FORBIDDEN for machines and staff; FACT_REQUIRED{fact, vehicle,
// nextStep}; CONSENT_REQUIRED{purpose}.
func Require(v *viewer.Viewer, s Service, vehicleID int64) error {
	row, ok := of(s)
	if !ok {
		return fault.Forbidden
	}
	for _, fact := range row.Needs {
		if knows(v, fact, vehicleID) {
			continue
		}
		if fact == viewer.Registered {
			return viewer.LacksAccount(v)
		}
		return viewer.LacksAbout(v, fact, vehicleID)
	}
	for _, purpose := range row.Consents {
		if v.Registered() && !v.Agrees(string(purpose)) {
			return viewer.LacksConsent(string(purpose))
		}
	}
	return nil
}

func knows(v *viewer.Viewer, fact viewer.Fact, vehicleID int64) bool {
	switch {
	case vehicleID != 0:
		return v.Knows(fact, vehicleID, 0)
	case fact == viewer.Bound:
		return v.BoundPlates() > 0
	case fact == viewer.Verified:
		return v.HasVerified()
	}
	return v.Knows(fact, 0, 0)
}

func of(s Service) (Entitlement, bool) {
	rows := table()
	if i := slices.IndexFunc(rows, func(e Entitlement) bool { return e.Service == s }); i >= 0 {
		return rows[i], true
	}
	return Entitlement{}, false
}

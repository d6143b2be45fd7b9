package privacy

import "parkbff/ent/consent"

// Inventory is the data that one purpose needs, as the privacy policy lists it.
type Inventory struct {
	Purpose consent.Purpose
	Source  string
	Fields  []InventoryField
}

// InventoryField is one kind of data.
type InventoryField struct {
	Code      string // its name in the contract
	Name      string // its name in the privacy policy
	Sensitive bool
}

// InventoryOf answers the data that a purpose needs; false for a purpose that needs none.
func InventoryOf(purpose consent.Purpose) (Inventory, bool) {
	for _, i := range inventories() {
		if i.Purpose == purpose {
			return i, true
		}
	}
	return Inventory{}, false
}

func inventories() []Inventory {
	return []Inventory{
		{
			Purpose: consent.PurposePARKING_CORE,
			Source:  "捷停车用户隐私政策 (二)2(1)",
			Fields: []InventoryField{
				{Code: "plate", Name: "车牌号", Sensitive: false},
				{Code: "vehicleType", Name: "车辆类型", Sensitive: false},
				{Code: "sessions", Name: "停车进出场记录", Sensitive: true},
				{Code: "lotName", Name: "停车场名称", Sensitive: true},
				{Code: "paymentMethod", Name: "支付方式", Sensitive: false},
				{Code: "feeFen", Name: "支付金额", Sensitive: true},
				{Code: "transaction", Name: "交易信息", Sensitive: true},
			},
		},
		{
			Purpose: consent.PurposeMOVEMENT_TRACK,
			Source:  "个人信息保护法 28, 29",
			Fields: []InventoryField{
				{Code: "enteredAt", Name: "进场时间", Sensitive: true},
				{Code: "exitedAt", Name: "出场时间", Sensitive: true},
				{Code: "lot", Name: "停车场", Sensitive: true},
			},
		},
		{
			Purpose: consent.PurposeTHIRD_PARTY_ACCOUNT,
			Source:  "捷停车用户隐私政策 (二)3(2)",
			Fields: []InventoryField{
				{Code: "avatar", Name: "头像", Sensitive: false},
				{Code: "nickname", Name: "昵称", Sensitive: false},
				{Code: "account", Name: "账号", Sensitive: true},
			},
		},
		{
			Purpose: consent.PurposeAFFILIATE_SHARING, // the policy says no more of it than this
			Source:  "捷停车用户隐私政策 (四)1(3), (四)1(5)",
			Fields:  []InventoryField{{Code: "personalData", Name: "必要的个人信息", Sensitive: true}},
		},
		{
			Purpose: consent.PurposePROMOTIONS,
			Source:  "捷停车用户隐私政策 (二)4(3)",
			Fields:  []InventoryField{{Code: "history", Name: "历史动态信息", Sensitive: false}},
		},
		{
			Purpose: consent.PurposeMEMBERSHIP, // a function that the policy lists, without saying what it needs
			Source:  "捷停车用户隐私政策 (一)2(6), (二)1(2)",
			Fields: []InventoryField{
				{Code: "feeFen", Name: "支付金额", Sensitive: true},
				{Code: "points", Name: "积分", Sensitive: false},
			},
		},
	}
}

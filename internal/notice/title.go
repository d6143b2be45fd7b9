package notice

import (
	"parkbff/ent/notice"
	"parkbff/internal/language"
)

// titles say what a notice is about, and nothing of whom it concerns.
var titles = map[language.Language]map[notice.Kind]string{
	language.Chinese: {
		notice.KindENTERED:           "车辆入场",
		notice.KindEXITED:            "车辆出场",
		notice.KindBOUND_BY_ANOTHER:  "他人绑定了您的车牌",
		notice.KindEVICTED:           "车主已认证，车牌已解绑",
		notice.KindCO_DRIVER_REMOVED: "车主已收回共同驾驶授权",
		notice.KindDISPUTE_OPENED:    "有人对您的车牌提出申诉",
		notice.KindDISPUTE_DECIDED:   "车牌申诉有结果",
		notice.KindPAID:              "缴费成功",
		notice.KindREFUNDED:          "退款到账",
		notice.KindDEDUCTION_FAILED:  "扣费未成功，请缴费",
		notice.KindCHARGE_DECIDED:    "费用申诉有结果",
		notice.KindRESERVED:          "预约成功，车位已保留",
		notice.KindNO_SHOW:           "未按时入场，预约车位已释放",
	},
	language.English: {
		notice.KindENTERED:           "Vehicle entered",
		notice.KindEXITED:            "Vehicle left",
		notice.KindBOUND_BY_ANOTHER:  "Somebody else bound your plate",
		notice.KindEVICTED:           "The owner verified this vehicle; it is no longer bound here",
		notice.KindCO_DRIVER_REMOVED: "The owner no longer shares this vehicle with you",
		notice.KindDISPUTE_OPENED:    "Somebody claims your plate",
		notice.KindDISPUTE_DECIDED:   "Your plate claim was decided",
		notice.KindPAID:              "Parking was paid",
		notice.KindREFUNDED:          "A payment was refunded",
		notice.KindDEDUCTION_FAILED:  "Parking could not be deducted: please pay",
		notice.KindCHARGE_DECIDED:    "Your disputed charge was decided",
		notice.KindRESERVED:          "A bay is kept for you",
		notice.KindNO_SHOW:           "Your vehicle did not come in time, and its bay was let go",
	},
}

// Title says in a few words what the notice is about.
func (n *Notice) Title(in language.Language) string { return titles[in][n.Kind] }

// IsMessage holds: a notice is shown as its account wants its messages shown (R026).
func (n *Notice) IsMessage() bool { return true }

package delivery

import "slices"

// Recipients lists with whom personal data is shared (R108). In use are those that the program has been set up
// with: stand-ins share nothing with anybody.
func (s *Service) Recipients() []*Recipient {
	all := make([]*Recipient, len(catalogue))
	for i, entry := range catalogue {
		all[i] = &Recipient{
			Name: entry.name, Purpose: entry.purpose, Data: entry.data,
			InUse: entry.partner != "" && slices.Contains(s.InUse, entry.partner),
		}
	}
	return all
}

// Catalogued are the packages of partners that have a row in the catalogue.
func Catalogued() []string {
	var partners []string
	for _, entry := range catalogue {
		if entry.partner != "" && !slices.Contains(partners, entry.partner) {
			partners = append(partners, entry.partner)
		}
	}
	return partners
}

// catalogue is 捷停车用户隐私政策 (四)1: (4) who is sent what to pay and to show, (6)E maps, (6)F pushes by way of the
// makers' channels, (6)G statistics; and whom verifying, signing in and texts go by. partner is the package that
// speaks to it; empty: the program never does.
var catalogue = []struct {
	name, purpose string
	data          []string
	partner       string
}{
	{"极光推送", "向手机应用推送消息", []string{"设备推送标识", "脱敏后的消息内容"}, "jpush"},
	{"个推", "向手机应用推送消息", []string{"设备推送标识", "脱敏后的消息内容"}, "getui"},
	{"小米推送", "由极光推送或个推转发至小米手机", []string{"设备推送标识", "脱敏后的消息内容"}, "jpush"},
	{"华为推送", "由极光推送或个推转发至华为手机", []string{"设备推送标识", "脱敏后的消息内容"}, "jpush"},
	{"微信（腾讯）", "登录、关联账号、公众号关注与小程序订阅消息", []string{"微信账号标识", "手机号码", "脱敏后的消息内容"}, "wechat"},
	{"支付宝", "登录、关联账号、生活号关注与小程序模板消息", []string{"支付宝账号标识", "手机号码", "脱敏后的消息内容"}, "alipay"},
	{"阿里云短信", "发送验证码与短信通知", []string{"手机号码", "脱敏后的消息内容"}, "sms"},
	{"腾讯云文字识别", "车辆认证时识别证件", []string{"行驶证照片", "身份证照片", "营业执照照片"}, "ocr"},
	{"移动、联通、电信一键登录", "核验本机号码", []string{"手机号码"}, "oneclick"},
	{"微信支付", "支付与退款、车主服务免密支付", []string{"微信账号标识", "网络地址", "金额", "订单号", "开通免密支付的车牌与进出场时间"}, "wechatpay"},
	{"支付宝支付", "支付与退款、停车代扣", []string{"支付宝账号标识", "金额", "订单号", "开通停车代扣的车牌与进出场时间"}, "alipay"},
	{"银联、云闪付、农业银行、建设银行、捷顺金科钱包", "支付与退款", []string{"金额", "订单号"}, "unionpay"},
	{"银联代付", "向共享车位产权人的银行卡结算收益", []string{"银行卡号", "持卡人姓名", "金额", "结算单号"}, "unionpay"},
	{"诺诺发票", "开具与交付电子发票", []string{"发票抬头", "金额", "收票邮箱", "收票手机号码"}, "einvoice"},
	{"邮件服务商", "发送电子发票", []string{"收票邮箱", "电子发票"}, "mail"},
	{"高德地图", "查找停车场与导航", []string{"位置信息"}, ""},
	{"友盟", "应用统计分析", []string{"设备信息", "应用使用情况"}, ""},
}

package language

import "context"

// Say answers the words for a code of the contract in the language of the request; english where that is
// the language, and where a code is meant for developers only.
func Say(ctx context.Context, code, english string) string {
	if Of(ctx) == Chinese {
		if words, ok := inChinese[code]; ok {
			return words
		}
	}
	return english
}

// inChinese are the words for what clients may show to people. What only a developer meets (a query that
// does not parse, a file that is no lot file) is said in English alone; a test holds the two lists whole.
var inChinese = map[string]string{
	"BAD_USER_INPUT":              "输入有误，请检查后重试。",
	"NOT_FOUND":                   "内容不存在，或您无权查看。",
	"FORBIDDEN":                   "您没有此操作的权限。",
	"UNAUTHENTICATED":             "请先登录。",
	"RATE_LIMITED":                "操作过于频繁，请稍后再试。",
	"UNAVAILABLE":                 "服务暂时不可用，请稍后再试。",
	"INTERNAL":                    "系统内部错误。",
	"FACT_REQUIRED":               "尚不满足使用此服务的条件。",
	"CONSENT_REQUIRED":            "使用此服务需要您的单独同意。",
	"STEP_UP_REQUIRED":            "为保障账号安全，请先完成身份验证。",
	"TOKEN_EXPIRED":               "登录已过期，请刷新。",
	"TOKEN_INVALID":               "登录凭证无效，请重新登录。",
	"SIGN_IN_ENDED":               "本次登录已结束，请重新登录。",
	"CODE_INVALID":                "验证码错误、已使用或已过期，请重新获取。",
	"CHANNEL_REFUSED":             "平台授权未通过，请重新授权。",
	"INVALID_MOBILE":              "手机号码格式不正确。",
	"MOBILE_TAKEN":                "该手机号已被其他账号使用。",
	"INVALID_NICKNAME":            "名称最多20个字符，且不能包含不可见字符。",
	"INVALID_PLATE":               "车牌号码或颜色不正确。",
	"PLATE_PROTECTED":             "该车牌已由车主认证。",
	"TOO_MANY_PLATES":             "最多绑定三个未认证车牌，请先认证或解绑。",
	"VERIFICATION_REFUSED":        "证件未能证明该车辆为本人所有。",
	"DOCUMENT_TOO_LARGE":          "证件照片不能超过5MB。",
	"DOCUMENT_UNREADABLE":         "证件无法识别，请重新拍摄清晰完整的照片。",
	"DOCUMENT_NOT_ORIGINAL":       "请拍摄证件原件，勿使用复印件、翻拍或修改过的图片。",
	"INVALID_ID_NUMBER":           "身份证号码不正确。",
	"INVALID_CREDIT_CODE":         "统一社会信用代码不正确。",
	"INVALID_VIN":                 "车辆识别代号应为17位字母和数字，不含I、O、Q。",
	"VIN_CHECK_DIGIT":             "车辆识别代号校验位不正确，可能识别有误。",
	"INVALID_AMOUNT":              "金额格式不正确。",
	"INVALID_DAYS":                "请选择1至31天，且开始日期不晚于结束日期。",
	"EXPORT_TOO_LARGE":            "导出内容过多，请缩短日期范围。",
	"QUOTE_EXPIRED":               "报价已过期，请重新查询。",
	"PRICE_CHANGED":               "应缴金额已变更，请重新查询。",
	"ORDER_CLOSED":                "订单已关闭或过期，请重新查询。",
	"ORDER_PAID":                  "订单已支付。",
	"PAYMENT_CHANNEL_NOT_OFFERED": "暂不支持此支付方式。",
	"REGISTRATION_REQUIRED":       "使用APP缴费请先注册登录。",
	"PAYMENT_REFUSED":             "支付渠道未受理，请更换支付方式。",
	"TOO_MANY_PAYMENTS":           "该订单有多笔支付正在进行，请稍后再试。",
	"VOUCHER_UNUSABLE":            "停车券无效、已使用、已过期或不适用于该停车场。",
	"TOO_MANY_VOUCHERS":           "每次停车最多使用两张停车券。",
	"VOUCHER_AFTER_PAYMENT":       "缴费后超时部分不可使用停车券。",
	"VOUCHER_NOT_REFUNDABLE":      "停车券已使用，不能退款。",
	"INVALID_VOUCHER":             "停车券内容不正确，请检查面额、时长和有效期。",
	"INVALID_VOUCHER_OFFER":       "停车券售卖信息不正确，请检查内容、价格、数量和截止时间。",
	"VOUCHERS_SOLD_OUT":           "停车券已售完或已停售。",
	"AMOUNT_DIFFERS":              "金额与应缴金额不符。",
	"REFUND_TOO_LARGE":            "退款金额超过可退金额。",
	"INVALID_REASON":              "请填写1至200字的原因。",
	"INVALID_IDEMPOTENCY_KEY":     "请求编号应为1至64个可见ASCII字符。",
	"LANE_CODE_REQUIRED":          "请扫描或输入车道屏幕上的代码查询。",
	"LOCATION_NOT_PROVIDED":       "按距离查找需要提供位置。",
	"OUT_OF_WINDOW":               "仅可查看最近三个月的记录。",
	"RESYNC_REQUIRED":             "消息已过期，请重新同步。",
	"INVALID_CURSOR":              "翻页位置无效，请重新查询。",
	"UNKNOWN_LOT":                 "没有此编号的停车场。",
	"UNKNOWN_GATE":                "该停车场没有此编号的道口。",
	"FOREIGN_LOT":                 "该设备不属于此停车场。",
	"ENTRY_NOT_FOUND":             "未找到该车的入场记录，本次记录已保存，待入场记录补传后匹配。",
	"EVENT_ID_REUSED":             "该事件编号已用于另一条记录。",
	"INVALID_EVENT_ID":            "事件编号应为1至64个可见ASCII字符。",
	"INVALID_CONFIDENCE":          "置信度应在0与1之间。",
	"INVALID_LOT_COUNT":           "在场车辆数应在0至100000之间。",
	"OBSERVED_IN_FUTURE":          "识别时间晚于当前时间，请校准时钟。",
	"OBSERVED_TOO_LONG_AGO":       "识别时间过早，已超出记录保存期。",
	"TOO_MANY_OBSERVATIONS":       "每批应为1至500条记录。",
	"INVALID_COMMAND":             "道口无法执行该指令。",
	"IDEMPOTENCY_KEY_REUSED":      "该幂等键已用于另一条指令。",
	"NOTHING_TO_REVIEW":           "该停车记录没有待复核的匹配。",
	"SESSION_PAID":                "该停车记录已支付，请改为退款。",
	"HTTPS_REQUIRED":              "请使用https访问。",
	"PAYLOAD_TOO_LARGE":           "上传内容过大。",
	"REQUEST_TIMEOUT":             "上传超时，请在网络良好时重试。",
	"INVALID_VERSION":             "版本号应为三段数字，例如3.1.0。",
	"INVALID_DIGEST":              "SHA-256应为64位十六进制数字。",
	"INVALID_FEATURE":             "功能名称应为1至40位小写字母、数字或连字符。",
	"SIGN_IN_REFUSED":             "工号、密码或动态口令不正确。",
	"INVALID_PASSWORD":            "密码应为12至128个字符，且不能与工号相同。",
	"NOT_ENROLLED":                "该员工尚未完成注册，且担任您无权管理的职务。",
	"LAST_ADMIN":                  "不能移除最后一位管理员。",
	"CHANNEL_NOT_OFFERED":         "暂不支持此登录方式。",
	"CHANNEL_ALREADY_LINKED":      "该渠道已关联其他账号，请先解除关联。",
	"CHANNEL_NOT_LINKABLE":        "该渠道账号无法关联。",
	"MOBILE_REQUIRED":             "首次登录需授权手机号。",
	"NOTHING_TO_MERGE":            "该手机号没有其他账号。",
	"NOT_MERGEABLE":               "这两个账号不能合并。",
	"INVALID_DEVICE_NAME":         "设备名称最多40个字符，且不能包含不可见字符。",
	"INVALID_REGION":              "地区最多40个字符，且不能包含不可见字符。",
	"INVALID_BIRTHDAY":            "生日应为1900年以后的过去日期。",
	"GUARDIAN_CONSENT_REQUIRED":   "未成年人账号需监护人同意，否则将被清除。",
	"GUARDIAN_IS_SELF":            "监护人手机号不能与账号相同。",
	"DOCUMENT_EMPTY":              "证件照片为空。",
	"DOCUMENT_TYPE_REFUSED":       "证件照片应为JPEG或PNG格式。",
	"INVITATION_INVALID":          "邀请码无效、已使用或已过期。",
	"TOO_MANY_CO_DRIVERS":         "该车辆的共同驾驶人或邀请已达上限。",
	"TOO_MANY_FLEET_VEHICLES":     "车队车辆已达上限。",
	"NOT_DISPUTABLE":              "该车牌无需申诉。",
	"ALREADY_DECIDED":             "该申诉已处理。",
	"CONSENT_VERSION_OUTDATED":    "隐私政策已更新，请阅读最新版本后再同意。",
	"TOKEN_SUPERSEDED":            "该道口已有更新的凭证。",
	"INVALID_PUSH_TOKEN":          "设备推送标识应为6至128位字母、数字、连字符或下划线。",
	"PUSH_NEEDS_APP":              "仅手机应用可接收推送消息。",
	"INVALID_QUIET_HOURS":         "免打扰时段的起止应为不同的时刻，例如22:00至07:30。",
	"MESSAGE_NOT_OFFERED":         "该渠道不提供此类消息。",
	"CHANNEL_NOT_LINKED":          "尚未关联该渠道的账号，请先在该渠道登录。",
	"SLOW_CONSUMER":               "接收过慢，请重新连接。",
}

// forDevelopers are the codes that no person is shown.
var forDevelopers = []string{
	"BAD_REQUEST", "BATCHES_NOT_SUPPORTED", "DEFER_NOT_SUPPORTED", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED",
	"INTROSPECTION_DISABLED", "METHOD_NOT_ALLOWED", "NOT_ACCEPTABLE", "PERSISTED_QUERY_NOT_SUPPORTED", "PREFLIGHT_REQUIRED",
	"QUERY_TOO_DEEP", "QUERY_TOO_EXPENSIVE", "QUERY_TOO_LARGE", "SUBSCRIPTION_NEEDS_STREAM", "UNSUPPORTED_MEDIA_TYPE",
	"OPERATION_ALREADY_RUNNING", "STREAM_ALREADY_OPEN",
	"INVALID_CALENDAR", "INVALID_STAY", "INVALID_TARIFF", "NO_TARIFF", "NOT_FARE_INFO", // of files and rate tables
	"LOT_FILE_TOO_LARGE", "NOT_A_LOT_FILE", "VAULT_NO_KEY", "VAULT_UNREADABLE",
	"NOT_VOUCHED", "CALLBACK_FORGED", // between partners and us
	"CALLBACK_UNREADABLE", "CHARGE_DECLINED", "CHARGE_NOT_BEGUN", "CHARGE_PAID", "CHARGE_REFUSED", "INVOICE_REFUSED", "UNKNOWN_PAYMENT", // likewise
	"DOCUMENT_INVALID", "DOCUMENT_TOO_LONG", // likewise
	"MESSAGE_ADDRESS_GONE", "MESSAGE_NOT_ALLOWED", "MESSAGE_INVALID", "MESSAGE_FATE_UNKNOWN", // likewise
}

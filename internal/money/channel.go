package money

// Channel is who takes a payment for us (J(四)1(6)D; R107).
type Channel string

// Channels.
const (
	WeChat    Channel = "WECHAT"     // 微信支付
	Alipay    Channel = "ALIPAY"     // 支付宝
	UnionPay  Channel = "UNIONPAY"   // 银联
	QuickPass Channel = "QUICKPASS"  // 云闪付
	ABC       Channel = "ABC"        // 农业银行
	CCB       Channel = "CCB"        // 建设银行
	Wallet    Channel = "JST_WALLET" // 捷顺金科钱包
	Cash      Channel = "CASH"       // at the lot
)

// Values lists the channels, for columns.
func (Channel) Values() []string {
	return []string{
		string(WeChat), string(Alipay), string(UnionPay), string(QuickPass), string(ABC), string(CCB), string(Wallet), string(Cash),
	}
}

// Way is how a payer comes to a channel.
type Way string

// Ways.
const (
	MiniProgram Way = "MINI_PROGRAM" // inside the channel's own app: WeChat JSAPI, Alipay trade.create
	H5          Way = "H5"           // a page in any browser, which leads to the channel's
	App         Way = "APP"          // our app, which calls the channel's

	PasswordFree Way = "PASSWORD_FREE" // the channel deducts by an agreement, and nobody does anything (R020)
	CreditScore  Way = "CREDIT_SCORE"  // likewise; where the payer cannot pay, the channel may, and have it back from them (R035)
)

// Values lists the ways, for columns.
func (Way) Values() []string {
	return []string{string(MiniProgram), string(H5), string(App), string(PasswordFree), string(CreditScore)}
}

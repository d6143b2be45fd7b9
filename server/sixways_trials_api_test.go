package server_test

import (
	"strings"
	"time"

	"parkbff/internal/cnid"
	"parkbff/server/servertest"
)

// Ways of signing in by somebody else's word, and by a code of ours.
const (
	entered   = `{ accessToken viewer { tier account { id } } userErrors { code field message } }`
	byChannel = `mutation($in: LoginWithChannelInput!) { entered: loginWithChannel(input: $in) ` + entered + ` }`
	byCarrier = `mutation($in: LoginOneClickInput!) { entered: loginOneClick(input: $in) ` + entered + ` }`
	byCode    = `mutation($in: LoginInput!) { entered: login(input: $in) ` + entered + ` }`
)

// Refusals of the six ways.
const (
	badCode    = "CHANNEL_REFUSED at code"
	badState   = "CHANNEL_REFUSED at state"
	badPhone   = "CHANNEL_REFUSED at phone"
	badToken   = "CHANNEL_REFUSED at token"
	badDigits  = "CODE_INVALID at code"
	needsNone  = "BAD_USER_INPUT at state"
	otherWX    = "wxsomebodyelses"
	otherApp   = "2026999999999999"
	otherKeyID = "somebody else's key"
)

// sixWays are all there are.
func sixWays() []way {
	return []way{
		wechatMini(), page("WECHAT_OFFICIAL", "ALIPAY_LIFE", wechatPageOfOther),
		alipayMini(), page("ALIPAY_LIFE", "WECHAT_OFFICIAL", alipayCodeOfOther),
		oneClick(), smsCode(),
	}
}

func (s scene) mobile(who somebody) cnid.Mobile {
	s.T.Helper()
	m, err := cnid.ParseMobile(who.mobile)
	if err != nil {
		s.T.Fatal(err)
	}
	return m
}

// must answers what a stand-in gave.
func (s scene) must(given string, err error) string {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
	return given
}

func wechatPageOfOther(s scene) string {
	return s.must(s.Partners.Wechat.PageCode(s.who.name, otherWX))
}

func alipayCodeOfOther(s scene) string { return s.must(s.Partners.Alipay.Code(s.who.name, otherApp)) }

// code is the code of a mini-program.
func (s scene) code(channel string, who somebody) string {
	s.T.Helper()
	return s.Proves(channel, who.name, who.mobile).Code
}

// phone is what vouches for a mobile there.
func (s scene) phone(channel string, who somebody) servertest.Vars {
	s.T.Helper()
	proof := s.Proves(channel, who.name, who.mobile)
	if proof.Phone != nil {
		return servertest.Vars{"alipay": servertest.Vars{"response": proof.Phone.Response, "sign": proof.Phone.Sign}}
	}
	return servertest.Vars{"wechatCode": proof.PhoneCode}
}

// first is the first sign-in by a mini-program.
func (s scene) first(channel string, who somebody) entry {
	s.T.Helper()
	return entry{byChannel, servertest.Vars{
		"channel": channel, "code": s.code(channel, who), "phone": s.phone(channel, who), "linkConsent": true,
	}}
}

// mini are the trials that both mini-programs share.
func mini(channel string, ofOther func(s scene) string) way {
	good := func(s scene, who somebody) entry { return s.first(channel, who) }
	return way{name: channel, good: good, trials: []trial{
		{wrong: isForged, what: "code", refused: badCode, shown: func(s scene) entry {
			return good(s, s.who).with("code", forged(s.code(channel, s.mallory), s.mallory.name, s.who.name))
		}},
		{wrong: isReplayed, what: "code", refused: badCode, shown: func(s scene) entry { return s.used(good(s, s.who)) }},
		{wrong: isExpired, what: "code", refused: badCode, shown: func(s scene) entry { return s.late(good(s, s.who)) }},
		{wrong: isOfOtherApp, what: "code", refused: badCode, shown: func(s scene) entry {
			return good(s, s.who).with("code", ofOther(s))
		}},
		{wrong: isOutOfTurn, what: "state where there is none", refused: needsNone, shown: func(s scene) entry {
			_, state := s.Anonymous().Visits("WECHAT_OFFICIAL", s.who.name)
			return good(s, s.who).with("state", state)
		}},
	}}
}

func wechatMini() way {
	const channel = "WECHAT_MINI"
	w := mini(channel, func(s scene) string { return s.must(s.Partners.Wechat.Code(s.who.name, otherWX)) })
	of := func(s scene, who somebody) string { return s.Proves(channel, who.name, who.mobile).PhoneCode }
	phone := func(wrong, what string, shown func(s scene) (by somebody, code string)) {
		w.trials = append(w.trials, trial{wrong: wrong, what: what, refused: badPhone, shown: func(s scene) entry {
			by, code := shown(s)
			return s.first(channel, by).with("phone", servertest.Vars{"wechatCode": code})
		}})
	}
	phone(isForged, "phone", func(s scene) (somebody, string) {
		return s.mallory, forged(of(s, s.mallory), s.mallory.mobile, s.who.mobile)
	})
	phone(isReplayed, "phone", func(s scene) (somebody, string) {
		code := of(s, s.who)
		s.signsIn(s.first(channel, s.who).with("phone", servertest.Vars{"wechatCode": code})).
			Asks(unlink, servertest.Vars{"c": channel}).OK() // so that a phone is asked for again
		return s.who, code
	})
	phone(isExpired, "phone", func(s scene) (somebody, string) {
		code := of(s, s.who)
		s.Clock.Pass(5 * time.Minute)
		return s.who, code
	})
	phone(isOfOtherApp, "phone", func(s scene) (somebody, string) {
		return s.who, s.must(s.Partners.Wechat.PhoneCode(s.who.name, otherWX, s.mobile(s.who)))
	})
	phone(isOutOfTurn, "another's phone", func(s scene) (somebody, string) { return s.mallory, of(s, s.who) })
	w.trials = append(w.trials, trial{wrong: isOfOtherApp, what: "code of the official account", refused: badCode, shown: func(s scene) entry {
		return s.first(channel, s.who).with("code", s.code("WECHAT_OFFICIAL", s.who))
	}})
	return w
}

// signsIn is the client that a good try makes.
func (s scene) signsIn(e entry) *servertest.Client {
	s.T.Helper()
	return s.With(s.tries(e).OK().String("entered.accessToken"))
}

func alipayMini() way {
	const channel = "ALIPAY_MINI"
	w := mini(channel, alipayCodeOfOther)
	w.trials = append(
		w.trials,
		trial{wrong: isForged, what: "phone", refused: badPhone, here: true, shown: func(s scene) entry {
			number, signature := s.Proves(channel, "", s.who.mobile).Phone, s.Proves(channel, "", s.mallory.mobile).Phone
			return s.first(channel, s.mallory).with("phone",
				servertest.Vars{"alipay": servertest.Vars{"response": number.Response, "sign": signature.Sign}})
		}},
		trial{wrong: isOfOtherApp, what: "code of the life account", refused: badCode, shown: func(s scene) entry {
			return s.first(channel, s.who).with("code", s.code("ALIPAY_LIFE", s.who))
		}},
	)
	return w
}

// page is a channel with a page of authorisation. It vouches for no mobile: whoever comes is linked already.
func page(channel, another string, ofOther func(s scene) string) way {
	visit := func(c *servertest.Client, who somebody) entry {
		code, state := c.Visits(channel, who.name)
		return entry{byChannel, servertest.Vars{"channel": channel, "code": code, "state": state}}
	}
	good := func(s scene, who somebody) entry { return visit(s.Anonymous(), who) }
	stateOf := func(c *servertest.Client, channel, who string) string {
		_, state := c.Visits(channel, who)
		return state
	}
	w := way{
		name: channel, good: good,
		known: func(s scene, who somebody) {
			s.SignIn(who.mobile, "H5").Links(channel, who.name)
			s.Clock.Pass(61 * time.Second)
		},
		trials: []trial{
			{wrong: isForged, what: "code", refused: badCode, shown: func(s scene) entry {
				shown := good(s, s.mallory)
				return shown.with("code", forged(shown.in["code"].(string), s.mallory.name, s.who.name))
			}},
			{wrong: isReplayed, what: "code", refused: badCode, shown: func(s scene) entry {
				return s.used(good(s, s.who)).with("state", stateOf(s.Anonymous(), channel, s.who.name))
			}},
			{wrong: isExpired, what: "code", refused: badCode, shown: func(s scene) entry { return s.late(good(s, s.who)) }},
			{wrong: isOfOtherApp, what: "code", refused: badCode, shown: func(s scene) entry { return good(s, s.who).with("code", ofOther(s)) }},
			{wrong: isOfOtherApp, what: "code of the other platform", refused: badCode, shown: func(s scene) entry {
				return good(s, s.who).with("code", s.code(another, s.who))
			}},
		},
	}
	state := func(what string, of func(s scene) any) {
		w.trials = append(w.trials, trial{wrong: isOutOfTurn, what: what, refused: badState, shown: func(s scene) entry {
			wrong := of(s) // and no visit after it, which would let those go that are over
			return entry{byChannel, servertest.Vars{"channel": channel, "code": s.code(channel, s.who), "state": wrong}}
		}})
	}
	state("none", func(scene) any { return nil })
	state("made up", func(scene) any { return strings.Repeat("0123456789abcdef", 4) })
	state("used", func(s scene) any { return s.used(good(s, s.who)).in["state"] })
	state("expired", func(s scene) any {
		old := stateOf(s.Anonymous(), channel, s.who.name)
		s.Clock.Pass(10 * time.Minute)
		return old
	})
	state("of the other platform", func(s scene) any { return stateOf(s.Anonymous(), another, s.who.name) })
	state("of an account", func(s scene) any { return stateOf(s.SignIn(s.mallory.mobile, "H5"), channel, s.who.name) })
	return w
}

func oneClick() way {
	show := func(token string) entry {
		return entry{byCarrier, servertest.Vars{"token": token, "carrier": "CHINA_MOBILE"}}
	}
	of := func(s scene, who somebody) string { return s.must(s.Partners.OneClickNumbers.Token(s.mobile(who))) }
	good := func(s scene, who somebody) entry { return show(of(s, who)) }
	return way{name: "ONE_CLICK", good: good, trials: []trial{
		{wrong: isForged, what: "token", refused: badToken, shown: func(s scene) entry {
			return show(forged(of(s, s.mallory), s.mallory.mobile, s.who.mobile))
		}},
		{wrong: isReplayed, what: "token", refused: badToken, shown: func(s scene) entry { return s.used(good(s, s.who)) }},
		{wrong: isReplayed, what: "token, as another carrier's", refused: badToken, shown: func(s scene) entry {
			return s.used(good(s, s.who)).with("carrier", "CHINA_TELECOM")
		}},
		{wrong: isExpired, what: "token", refused: badToken, shown: func(s scene) entry { return s.late(good(s, s.who)) }},
		{wrong: isOfOtherApp, what: "token", refused: badToken, shown: func(s scene) entry {
			return show(s.must(s.Partners.OneClickNumbers.TokenOf(otherKeyID, s.mobile(s.who))))
		}},
		{wrong: isOutOfTurn, what: "token to compare a number by", refused: badToken, shown: func(s scene) entry {
			return show(s.must(s.Partners.OneClickNumbers.VerifyToken(s.mobile(s.who))))
		}},
	}}
}

// smsCode is the way by a code of ours: no partner is asked about it, and it is of no app but of one mobile.
func smsCode() way {
	show := func(who somebody, code string) entry {
		return entry{byCode, servertest.Vars{"mobile": who.mobile, "code": code, "channel": "H5"}}
	}
	sent := func(s scene, who somebody) string {
		s.Anonymous().Asks(sendCode, servertest.Vars{"m": who.mobile}).OK()
		return s.SentCode(who.mobile)
	}
	good := func(s scene, who somebody) entry { return show(who, sent(s, who)) }
	return way{name: "SMS_CODE", good: good, trials: []trial{
		{wrong: isForged, what: "code", refused: badDigits, here: true, shown: func(s scene) entry {
			return show(s.who, wrongCode(sent(s, s.who)))
		}},
		{wrong: isReplayed, what: "code", refused: badDigits, shown: func(s scene) entry { return s.used(good(s, s.who)) }},
		{wrong: isExpired, what: "code", refused: badDigits, shown: func(s scene) entry { return s.late(good(s, s.who)) }},
		{wrong: isOfOtherApp, what: "code of another mobile", refused: badDigits, shown: func(s scene) entry {
			sent(s, s.who)
			return show(s.who, otherThan(s.SentCode(s.who.mobile), sent(s, s.mallory)))
		}},
		{wrong: isOutOfTurn, what: "code before the newest", refused: badDigits, shown: func(s scene) entry {
			old := sent(s, s.who)
			s.Clock.Pass(61 * time.Second)
			return show(s.who, otherThan(sent(s, s.who), old))
		}},
	}}
}

// otherThan answers a code that is wrong, also once in a million.
func otherThan(right, code string) string {
	if code == right {
		return wrongCode(right)
	}
	return code
}

package resolvers

import (
	"parkbff/graph/model"
	"parkbff/internal/identity"
)

func loginOf(in model.LoginInput) identity.Login {
	return identity.Login{
		Mobile: in.Mobile, Code: in.Code, Channel: in.Channel,
		ChannelCode: text(in.ChannelCode), DeviceName: text(in.DeviceName),
	}
}

func channelLoginOf(in model.LoginWithChannelInput) identity.ChannelLogin {
	return identity.ChannelLogin{
		ChannelProof: identity.ChannelProof{Channel: in.Channel, Code: in.Code, State: text(in.State)},
		Phone:        phoneProofOf(in.Phone),
		LinkConsent:  in.LinkConsent,
		DeviceName:   text(in.DeviceName),
	}
}

func phoneProofOf(in *model.ChannelPhoneInput) *identity.PhoneProof {
	if in == nil {
		return nil
	}
	proof := &identity.PhoneProof{WechatCode: text(in.WechatCode)}
	if in.Alipay != nil {
		proof.Response, proof.Sign = in.Alipay.Response, in.Alipay.Sign
	}
	return proof
}

// text answers what an optional argument says, nothing being the same as an empty text.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

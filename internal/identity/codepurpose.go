package identity

import "maps"

// CodePurpose is what a code is good for: that alone, so that nobody can be talked into reading one out for
// another (docs/decisions/0019).
type CodePurpose string

// Purposes of codes.
const (
	CodeForLogin           CodePurpose = "LOGIN"
	CodeForStepUp          CodePurpose = "STEP_UP" // asked for by SendStepUpCode alone
	CodeForMerge           CodePurpose = "MERGE"
	CodeForChangeMobile    CodePurpose = "CHANGE_MOBILE"
	CodeForGuardianConsent CodePurpose = "GUARDIAN_CONSENT"
)

// codeTexts say to whoever reads a code what they agree to by passing it on.
var codeTexts = map[CodePurpose]string{
	CodeForLogin:           "您正在登录停车服务，验证码${code}，5分钟内有效。请勿告知任何人。",
	CodeForStepUp:          "您正在确认账号的重要操作（如更换手机号、注销账号），验证码${code}，5分钟内有效。请勿告知任何人。",
	CodeForMerge:           "您正在将本手机号的停车账号并入另一账号，并入后本账号关闭，验证码${code}，5分钟内有效。请勿告知任何人。",
	CodeForChangeMobile:    "您正在将停车账号的手机号更换为本号码，验证码${code}，5分钟内有效。请勿告知任何人。",
	CodeForGuardianConsent: "有未成年人申请使用停车账号，告知验证码${code}即表示您作为监护人同意，5分钟内有效。不同意请勿告知任何人。",
}

// CodeTexts answers the text for each purpose, with ${code} where the code stands: the words to have approved
// as templates, and those of the stand-in. The map is the caller's.
func CodeTexts() map[CodePurpose]string { return maps.Clone(codeTexts) }

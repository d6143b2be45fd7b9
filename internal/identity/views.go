package identity

import (
	"fmt"
	"io"
	"time"

	"parkbff/ent/linkedaccount"
	"parkbff/ent/platedispute"
	"parkbff/ent/signin"
	"parkbff/internal/viewer"
)

// LinkedAccount is an account with WeChat or Alipay, linked to one of ours.
type LinkedAccount struct {
	Row      int64
	Channel  linkedaccount.Channel
	LinkedAt time.Time
}

// Device is a device on which an account is signed in.
type Device struct {
	Row        int64
	Name       *string
	Channel    signin.Channel
	SignedInAt time.Time
	LastSeenAt time.Time
	Current    bool
}

// Format prints "device" whatever the verb: the name is personal.
func (Device) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "device") }

// Gender as a person says.
type Gender string

// Genders.
const (
	Female      Gender = "FEMALE"
	Male        Gender = "MALE"
	OtherGender Gender = "OTHER"
)

// Profile is what a person tells about themselves: all of it optional (R062). Birthday is midnight UTC of
// the day.
type Profile struct {
	Nickname *string    `json:"nickname,omitempty"`
	Gender   *Gender    `json:"gender,omitempty"`
	Birthday *time.Time `json:"birthday,omitempty"`
	Region   *string    `json:"region,omitempty"`
}

// Format prints "profile" whatever the verb.
func (Profile) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "profile") }

// ProfileField names a field of a Profile.
type ProfileField string

// Fields of a Profile.
const (
	FieldNickname ProfileField = "NICKNAME"
	FieldGender   ProfileField = "GENDER"
	FieldBirthday ProfileField = "BIRTHDAY"
	FieldRegion   ProfileField = "REGION"
)

// PrivacySettings are the switches of a person's privacy (R045).
type PrivacySettings struct {
	FullMask       bool
	MessagesInApp  viewer.Display
	MessagesPushed viewer.Display
}

// MessageKind is a kind of messages about a vehicle that can be switched off (R013).
type MessageKind string

// Kinds of messages.
const (
	MessageEntered MessageKind = "ENTERED"
	MessageExited  MessageKind = "EXITED"
)

// MessageSetting says whether one kind of messages is wanted.
type MessageSetting struct {
	Kind MessageKind
	On   bool
}

// CoDriver is a person who drives a vehicle by its owner's invitation. The mobile is masked.
type CoDriver struct {
	Row       int64 // of the binding
	VehicleID int64
	Mobile    string
	BoundAt   time.Time
}

// Fleet is a company whose vehicles an account verifies.
type Fleet struct {
	Row        int64
	Name       string
	CreditCode string
	OpenedAt   time.Time
}

// Format prints "fleet" whatever the verb.
func (Fleet) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "fleet") }

// PlateDispute is a claim to a plate. The plate is whole for the claimant and masked for others.
type PlateDispute struct {
	Row       int64
	Plate     string
	State     platedispute.State
	OpenedAt  time.Time
	DecidedAt *time.Time
}

// Format prints "plate dispute" whatever the verb.
func (PlateDispute) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "plate dispute") }

// UploadPurpose is what a picture was taken for (R066).
type UploadPurpose string

// Purposes of pictures.
const (
	UploadPay         UploadPurpose = "PAY"
	UploadVerifyPlate UploadPurpose = "VERIFY_PLATE"
	UploadActivity    UploadPurpose = "ACTIVITY"
	UploadFeedback    UploadPurpose = "FEEDBACK"
	UploadShare       UploadPurpose = "SHARE"
)

// Carrier whose numbers sign in at one click.
type Carrier string

// Carriers.
const (
	ChinaMobile  Carrier = "CHINA_MOBILE"
	ChinaUnicom  Carrier = "CHINA_UNICOM"
	ChinaTelecom Carrier = "CHINA_TELECOM"
)

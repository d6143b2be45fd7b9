// Package delivery brings notices to people who are not looking: over which channels each leaves, when, in
// which words, masked as on the screen, once per channel, and what became of it.
package delivery

import (
	"time"

	"parkbff/ent/delivery"
	"parkbff/ent/notice"
)

// Delivery is a notice on its way over one channel, or the record of it. Instants are UTC.
type Delivery struct {
	Row       int64
	Kind      notice.Kind
	Channel   delivery.Channel
	State     delivery.State
	Reason    *string
	CreatedAt time.Time
	SettledAt *time.Time
}

// Channels are over which an account's messages come, and when they do not.
type Channels struct {
	Push       bool
	SMS        bool
	QuietHours *QuietHours
}

// QuietHours are a part of every day in Asia/Shanghai, each end as 15:04; they may span midnight.
type QuietHours struct{ From, Until string }

// Template is a message that a mini-program can ask its person to accept.
type Template struct {
	Kind       notice.Kind
	TemplateID string
	Remaining  *int // nil when nobody is signed in
}

// Recipient is somebody with whom personal data is shared.
type Recipient struct {
	Name    string
	Purpose string
	Data    []string
	InUse   bool
}

// Filter narrows a list of deliveries; nil means all.
type Filter struct {
	Account *int64
	State   *delivery.State
}

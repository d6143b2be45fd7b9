package delivery

import (
	"time"

	"parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/internal/clock"
)

const (
	dayMinutes = 24 * 60
	// newsFor is how long after it happened the coming or going of a car is news.
	newsFor = 12 * time.Hour
)

// night is when no text leaves that can wait: texts at 02:00 are what customers complain of.
var night = &hours{22 * 60, 7 * 60}

// hours are a part of every day in Asia/Shanghai: from a minute of the day until another, across midnight when
// that is the smaller one.
type hours struct{ from, until int }

func quietOf(account *ent.Account) *hours {
	if account.QuietFrom == nil || account.QuietUntil == nil {
		return nil
	}
	return &hours{*account.QuietFrom, *account.QuietUntil}
}

// over answers the instant from t on at which the hours are over: t itself when it is in none. No hours are
// always over.
func (h *hours) over(t time.Time) time.Time {
	if h == nil {
		return t
	}
	local := t.In(clock.Shanghai)
	minute := local.Hour()*60 + local.Minute()
	since, length := (minute-h.from+dayMinutes)%dayMinutes, (h.until-h.from+dayMinutes)%dayMinutes
	if since >= length {
		return t
	}
	return local.Truncate(time.Minute).Add(time.Duration(length-since) * time.Minute)
}

// mayLeave answers the instant from now on at which a message that can wait may leave over a channel, or one at
// which it would be no news any more.
func mayLeave(now time.Time, over delivery.Channel, quiet *hours) time.Time {
	at := now
	for at.Sub(now) <= newsFor {
		next := quiet.over(at)
		if over == delivery.ChannelSMS {
			next = night.over(next)
		}
		if next.Equal(at) {
			return at
		}
		at = next
	}
	return at
}

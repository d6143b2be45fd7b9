package delivery

import (
	"time"

	"parkbff/ent/delivery"
)

// MayLeave is mayLeave, with quiet hours as minutes of the day; equal ones mean none.
func MayLeave(now time.Time, over delivery.Channel, from, until int) time.Time {
	if from == until {
		return mayLeave(now, over, nil)
	}
	return mayLeave(now, over, &hours{from, until})
}

// NewsFor is how long the coming or going of a car is news.
const NewsFor = newsFor

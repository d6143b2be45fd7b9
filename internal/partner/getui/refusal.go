package getui

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
)

// Codes of the service (https://docs.getui.com/getui/server/rest_v2/code). What is not named speaks of our
// account or of the service: somebody has to mend it, and messages wait for that.
const (
	ok           = 0
	notJSON      = 1
	noToken      = 10001
	tooManySigns = 10003 // a minute
	tooManyCalls = 10005 // a minute
	illegal      = 20001 // a client id that is none, among others
)

// inactive is what becomes of a message to a phone that was not seen for 90 days.
const inactive = "successed_ignore"

// answer is the form of all replies.
type answer struct {
	Code *int            `json:"code"`
	Said string          `json:"msg"`
	Data json.RawMessage `json:"data"`
}

// outcome translates the reply to a push for one phone.
func outcome(said answer, to string) error {
	if *said.Code != ok {
		return refusal("push", said)
	}
	var tasks map[string]map[string]string
	if err := json.Unmarshal(said.Data, &tasks); err != nil {
		return nil // taken; what became of it is left open
	}
	for _, phones := range tasks {
		if phones[to] == inactive {
			return message.Gone.Because(errors.New("getui: the phone was not seen for long"))
		}
	}
	return nil
}

// refusal translates the service's code. Its message may quote what was sent, so it is read and dropped.
func refusal(call string, said answer) error {
	cause := fmt.Errorf("getui: %s was refused with %d", call, *said.Code)
	switch *said.Code {
	case illegal:
		if strings.Contains(said.Said, "target user is invalid") {
			return message.Gone.Because(cause)
		}
		return message.Invalid.Because(cause)
	case notJSON:
		return message.Invalid.Because(cause)
	case tooManySigns, tooManyCalls:
		return message.Busy(cause, time.Minute)
	}
	return fault.Unavailable.Because(cause)
}

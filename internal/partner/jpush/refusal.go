package jpush

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
	"parkbff/internal/partner/rest"
)

// Codes of the service (调用返回, https://docs.jiguang.cn/jpush/server/push/rest_api_v3_push).
const (
	wrongMethod    = 1001
	missing        = 1002
	illegal        = 1003 // a registration id that is none, among others
	tooLarge       = 1005
	unknownMember  = 1009
	nobody         = 1011 // no such phone, or none that was active within 255 days
	tooManyCalls   = 2002
	tooManyForUser = 2005
)

// refusal translates the service's code. Its message may quote the registration id, so it is read and
// dropped. What speaks of our account (1004, 1008, 2003, 2004) is fault.Unavailable: somebody has to mend
// it, and messages wait for that.
func refusal(call string, reply rest.Reply) error {
	var said struct {
		Error struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(reply.Body, &said); err != nil || said.Error.Code == 0 {
		if reply.Status == http.StatusTooManyRequests {
			return message.Busy(fmt.Errorf("jpush: %s: status %d", call, reply.Status), wait(reply.Header))
		}
		return unreadable(call, reply.Status)
	}
	cause := fmt.Errorf("jpush: %s was refused with %d, status %d", call, said.Error.Code, reply.Status)
	switch said.Error.Code {
	case nobody:
		return message.Gone.Because(cause)
	case illegal:
		if ofThePhone(said.Error.Message) {
			return message.Gone.Because(cause)
		}
		return message.Invalid.Because(cause)
	case wrongMethod, missing, tooLarge, unknownMember:
		return message.Invalid.Because(cause)
	case tooManyCalls, tooManyForUser:
		return message.Busy(cause, wait(reply.Header))
	}
	return fault.Unavailable.Because(cause)
}

// ofThePhone tells whether an illegal value is the registration id.
func ofThePhone(said string) bool {
	said = strings.NewReplacer(" ", "", "_", "").Replace(strings.ToLower(said))
	return strings.Contains(said, "registrationid")
}

// wait is when the service counts anew (https://docs.jiguang.cn/jpush/server/push/server_overview, 频率控制).
func wait(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("X-Rate-Limit-Reset"))
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

package ws

import (
	"context"
	"errors"

	"github.com/gorilla/websocket"

	"parkbff/internal/fault"
	"parkbff/server/live"
)

// farewell is a close code and its reason. Codes from 4400 are the protocol's own; graphql-ws clients
// give up on 4400, 4401, 4406, 4409, 4429 and 4500, and come back after the others.
type farewell struct {
	code   int
	reason string
}

// Why a connection is closed.
var (
	normal        = farewell{websocket.CloseNormalClosure, "Normal closure"}
	noText        = farewell{websocket.CloseInvalidFramePayloadData, "Text is not UTF-8"} // RFC 6455, section 8.1
	malformed     = farewell{4400, "Invalid message received"}
	unauthorized  = farewell{4401, "Unauthorized"}
	forbidden     = farewell{4403, "Forbidden"}
	otherViewer   = farewell{4403, "Token of another viewer"}
	notAcceptable = farewell{4406, "Subprotocol not acceptable"}
	initTimeout   = farewell{4408, "Connection initialisation timeout"}
	tooManyInits  = farewell{4429, "Too many initialisation requests"}
	internalError = farewell{4500, "Internal server error"}
	restarting    = farewell{websocket.CloseServiceRestart, "Service restart"}
	tooSlow       = farewell{websocket.CloseTryAgainLater, "Reading too slowly"}
	tooMany       = farewell{websocket.CloseTryAgainLater, "Too many connections"}
	tryLater      = farewell{websocket.CloseTryAgainLater, "Try again later"}
)

// maxReason is what a close frame holds beside its code (RFC 6455, section 5.5).
const maxReason = 123

// alreadyExists is worded as the protocol demands, as long as the id fits.
func alreadyExists(id string) farewell {
	if reason := "Subscriber for " + id + " already exists"; len(reason) <= maxReason {
		return farewell{4409, reason}
	}
	return farewell{4409, "Subscriber already exists"}
}

// because answers how a connection ends after err. An ended token is forbidden, because the client
// must come back with a fresh one; a sign-in that cannot be mended is unauthorized, because it must
// not.
func because(err error) farewell {
	switch {
	case errors.Is(err, live.TokenExpired):
		return farewell{forbidden.code, "Token expired"}
	case errors.Is(err, live.SignInEnded):
		return farewell{unauthorized.code, "Sign-in ended"}
	case errors.Is(err, live.TokenInvalid), errors.Is(err, fault.Unauthenticated):
		return unauthorized
	case errors.Is(err, fault.Forbidden):
		return forbidden
	case errors.Is(err, live.SlowConsumer):
		return tooSlow
	case errors.Is(err, fault.Unavailable), errors.Is(err, fault.RateLimited),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return tryLater
	default:
		return internalError
	}
}

package ws

import "encoding/json"

// Protocol is a WebSocket sub-protocol.
type Protocol string

// The sub-protocols. Negotiated leaves the choice to the handshake.
const (
	Negotiated  Protocol = ""
	TransportWS Protocol = "graphql-transport-ws"
	LegacyWS    Protocol = "graphql-ws"
)

// kind is what a client asks, whichever words its protocol has for it.
type kind int

const (
	invalid kind = iota
	initialise
	subscribe
	unsubscribe
	ping
	pong
	terminate
)

// dialect is the words of a protocol. Where the two differ in more than words, legacy decides.
type dialect struct {
	legacy  bool
	inbound map[string]kind
	next    string
}

var modern = &dialect{
	inbound: map[string]kind{
		"connection_init": initialise, "subscribe": subscribe, "complete": unsubscribe,
		"ping": ping, "pong": pong,
	},
	next: "next",
}

var legacy = &dialect{
	legacy: true,
	inbound: map[string]kind{
		"connection_init": initialise, "start": subscribe, "stop": unsubscribe,
		"connection_terminate": terminate,
	},
	next: "data",
}

func dialectOf(p Protocol) *dialect {
	if p == LegacyWS {
		return legacy
	}
	return modern
}

// encode writes a message; an empty id and a nil payload are left out.
func encode(messageType, id string, payload []byte) []byte {
	message := make([]byte, 0, len(messageType)+len(id)+len(payload)+40)
	message = append(message, `{"type":"`...)
	message = append(message, messageType...)
	message = append(message, '"')
	if id != "" {
		message = append(message, `,"id":`...)
		message = append(message, quote(id)...)
	}
	if payload != nil {
		message = append(message, `,"payload":`...)
		message = append(message, payload...)
	}
	return append(message, '}')
}

// quote cannot fail: every string has a JSON form.
func quote(s string) []byte {
	quoted, _ := json.Marshal(s)
	return quoted
}

// refusal writes the `error` message of an operation. Its payload is the list of errors, of which the
// legacy protocol has only one ("payload: Error").
func (d *dialect) refusal(id string, errs []byte) []byte {
	if !d.legacy {
		return encode("error", id, errs)
	}
	var list []json.RawMessage
	if json.Unmarshal(errs, &list) == nil && len(list) > 0 {
		errs = list[0]
	}
	return encode("error", id, errs)
}

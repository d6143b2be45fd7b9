package ws

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"parkbff/server/live"
)

// inbound is a message of a client.
type inbound struct {
	kind    kind
	id      string          // of subscribe and unsubscribe
	payload json.RawMessage // of initialise, ping and pong: an object, or nil
	request live.Request    // of subscribe
}

// errMalformed repeats nothing of the message.
var errMalformed = errors.New("malformed message")

// parse reads a message, as strictly as the protocol's own validateMessage.
func (d *dialect) parse(data []byte) (inbound, error) {
	// A map, because a struct would take keys of other letters, too.
	var raw map[string]json.RawMessage
	if json.Unmarshal(data, &raw) != nil {
		return inbound{}, errMalformed
	}
	messageType, err := text(raw["type"])
	if err != nil {
		return inbound{}, err
	}
	m := inbound{kind: d.inbound[messageType]}
	if m.id, err = text(raw["id"]); err != nil {
		return inbound{}, err
	}
	payload, isObject := optionalObject(raw["payload"])
	switch m.kind {
	case invalid:
		return inbound{}, errMalformed
	case initialise, ping, pong:
		m.payload = payload
		if !isObject {
			return inbound{}, errMalformed
		}
	case subscribe:
		if m.request, err = live.ParseRequest(raw["payload"]); err != nil || m.id == "" {
			return inbound{}, errMalformed
		}
	case unsubscribe:
		if m.id == "" {
			return inbound{}, errMalformed
		}
	case terminate:
	}
	return m, nil
}

// text reads a string; null and absent are empty.
func text(raw json.RawMessage) (value string, err error) {
	if raw != nil && json.Unmarshal(raw, &value) != nil {
		return "", errMalformed
	}
	return value, nil
}

func optionalObject(raw json.RawMessage) (json.RawMessage, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	return raw, raw[0] == '{'
}

// field finds the value of a key, in any case, of a payload. Present is false
// when there is none or it is null; a value that is not a string is malformed.
func field(payload json.RawMessage, name string) (value string, present bool, err error) {
	var fields map[string]json.RawMessage
	if payload == nil || json.Unmarshal(payload, &fields) != nil {
		return "", false, nil
	}
	for key, raw := range fields {
		if !strings.EqualFold(key, name) {
			continue
		}
		var text *string
		if json.Unmarshal(raw, &text) != nil {
			return "", false, errMalformed
		}
		if text != nil {
			return *text, true, nil
		}
	}
	return "", false, nil
}

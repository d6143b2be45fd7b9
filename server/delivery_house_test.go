package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parkbff/ent/linkedaccount"
	"parkbff/ent/notice"
	"parkbff/server/servertest"
)

const (
	registerPhone = `mutation($in: RegisterPushEndpointInput!) { registerPushEndpoint(input: $in) {
		messageChannels { push sms quietHours { from until } } userErrors { code field } } }`
	removePhone   = `mutation { removePushEndpoint { messageChannels { push } userErrors { code } } }`
	setChannels   = `mutation($in: SetMessageChannelsInput!) { setMessageChannels(input: $in) { messageChannels { push sms } userErrors { code } } }`
	setQuiet      = `mutation($q: QuietHoursInput) { setQuietHours(input: {quietHours: $q}) { messageChannels { quietHours { from until } } userErrors { code field } } }`
	accept        = `mutation($in: AcceptMessagesInput!) { acceptMessages(input: $in) { messageTemplates { kind remaining } userErrors { code field } } }`
	ownDeliveries = `{ viewer { account { deliveries(first: 100) { edges { node { id kind channel state reason createdAt settledAt } } } } } }`
	logout        = `mutation { logout { userErrors { code } } }`
	lastNotice    = `{ viewer { notices(first: 1) { edges { node { title lotName plate occurredAt occurredAtPrecision } } } } }`
)

// rings registers a phone with the sign-in and answers what JPush calls it.
func rings(c *servertest.Client, phone string) string {
	c.House.T.Helper()
	token := c.House.Partners.JPushPhones.Phone(phone)
	c.Asks(registerPhone, servertest.Vars{"in": servertest.Vars{"provider": "JPUSH", "platform": "ANDROID", "deviceToken": token}}).OK()
	return token
}

// heard is what phones of JPush have shown.
func heard(h *servertest.House, phone string) (all []string) {
	for _, m := range h.Partners.JPushPhones.Sent() {
		if m.To == phone {
			all = append(all, m.Title+"|"+m.Body)
		}
	}
	return all
}

// texted are the notices that came to a mobile.
func texted(h *servertest.House, mobile string) (all []string) {
	for _, m := range h.Partners.Sandbox.Sent() {
		if m.To == "+86"+mobile && strings.HasPrefix(m.Template, "sms-") {
			all = append(all, m.Text)
		}
	}
	return all
}

// becomes waits until an account's deliveries, newest first, are as told: "channel state reason" each.
func becomes(c *servertest.Client, want ...string) {
	c.House.T.Helper()
	comes(c, 0, want...)
}

// comes is becomes while time passes, so much with every look: for what is tried again.
func comes(c *servertest.Client, pass time.Duration, want ...string) {
	c.House.T.Helper()
	awaits(c, pass, want, slices.Equal)
}

// endWith is comes for the newest deliveries of many.
func endWith(c *servertest.Client, pass time.Duration, want ...string) {
	c.House.T.Helper()
	awaits(c, pass, want, func(got, want []string) bool { return len(got) >= len(want) && slices.Equal(got[:len(want)], want) })
}

func awaits(c *servertest.Client, pass time.Duration, want []string, is func(got, want []string) bool) {
	h := c.House
	h.T.Helper()
	var got []string
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		h.Clock.Pass(pass)
		if got = deliveriesOf(c); is(got, want) {
			return
		}
	}
	h.T.Fatalf("deliveries are %v, not %v", got, want)
}

// deliveriesOf are an account's, newest first: "channel state reason" each.
func deliveriesOf(c *servertest.Client) (all []string) {
	c.House.T.Helper()
	edges, _ := c.Asks(ownDeliveries).OK().At("viewer.account.deliveries.edges").([]any)
	for _, edge := range edges {
		node, _ := edge.(map[string]any)["node"].(map[string]any)
		line := fmt.Sprint(node["channel"], " ", node["state"])
		if reason, ok := node["reason"].(string); ok {
			line += " " + reason
		}
		all = append(all, line)
	}
	return all
}

// enteredBy signs a person in to a mini-program of whose messages some are accepted, and then to the app.
func enteredBy(h *servertest.House, number int, channels ...string) (scene, *servertest.Client) {
	h.T.Helper()
	s := stage(h.T.(*testing.T), h, number)
	for i, channel := range channels {
		if i > 0 {
			h.Clock.Pass(61 * time.Second)
		}
		s.enters(s.first(channel, s.who))
	}
	h.Clock.Pass(61 * time.Second)
	return s, h.SignIn(s.who.mobile, "APP")
}

// allows has the person accept messages in a mini-program, and the client say so.
func (s scene) allows(c *servertest.Client, channel string, kinds ...string) {
	s.T.Helper()
	for _, kind := range kinds {
		if err := s.Partners.Accept(linkedaccount.Channel(channel), s.who.name, notice.Kind(kind)); err != nil {
			s.T.Fatal(err)
		}
	}
	c.Asks(accept, servertest.Vars{"in": servertest.Vars{"channel": channel, "kinds": kinds}}).OK()
}

package servertest

import (
	"cmp"
	"net/http"
	"net/url"
	"time"

	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/internal/cnid"
	"parkbff/server"
)

// Proves answers what the stand-in for a channel gives a person, known by any name, who has a mobile.
func (h *House) Proves(channel, person, mobile string) server.Proof {
	h.T.Helper()
	m, err := cnid.ParseMobile(mobile)
	if err != nil {
		h.T.Fatal(err)
	}
	proof, err := h.Partners.Prove(linkedaccount.Channel(channel), person, m)
	if err != nil {
		h.T.Fatal(err)
	}
	return proof
}

// Visits goes to a channel's page of authorisation as a person's browser does, and answers what it leads
// back with.
func (c *Client) Visits(channel, person string) (code, state string) {
	h := c.House
	h.T.Helper()
	begun := c.Asks(`mutation($c: PlatformChannel!) {
		beginChannelVisit(input: {channel: $c}) { authorizeUrl state expiresIn userErrors { code field } }
	}`, Vars{"c": channel}).OK()
	page, err := url.Parse(begun.String("beginChannelVisit.authorizeUrl"))
	if err != nil {
		h.T.Fatal("the page of authorisation has no address")
	}
	q := page.Query()
	q.Set("person", person)
	page.RawQuery = q.Encode()
	back, err := url.Parse(h.led(page.String()))
	if err != nil || back.Query().Get("state") != begun.String("beginChannelVisit.state") {
		h.T.Fatal("the page of authorisation does not lead back with the state")
	}
	return cmp.Or(back.Query().Get("code"), back.Query().Get("auth_code")), back.Query().Get("state")
}

// led answers where a page leads to.
func (h *House) led(page string) string {
	h.T.Helper()
	r, err := http.NewRequestWithContext(h.T.Context(), http.MethodGet, page, nil)
	if err != nil {
		h.T.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(r) // which follows nothing
	if err != nil {
		h.T.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusFound {
		h.T.Fatalf("the page of authorisation answers %d: %v", response.StatusCode, err)
	}
	return response.Header.Get("Location")
}

// LinkChannel is the operation by which accounts are linked.
const LinkChannel = `mutation($in: LinkChannelInput!) { linkChannel(input: $in) {
	linkedAccount { id channel } viewer { tier followedChannels } userErrors { code field message }
} }`

// Links links a person's account at a channel that has a page of authorisation, and answers the link's id.
func (c *Client) Links(channel, person string) string {
	c.House.T.Helper()
	code, state := c.Visits(channel, person)
	return c.Asks(LinkChannel, Vars{"in": Vars{"channel": channel, "code": code, "state": state, "linkConsent": true}}).
		OK().String("linkChannel.linkedAccount.id")
}

// Follows has an official account tell, signed, that a person follows it or has left: a second after whatever
// happened last, because platforms tell the time in seconds.
func (h *House) Follows(channel, person string, following bool) {
	h.T.Helper()
	h.Clock.Pass(time.Second)
	status, err := h.Partners.Follow(h.T.Context(), follower.Channel(channel), person, following, h.URL)
	if err != nil || status != http.StatusOK {
		h.T.Fatalf("the event was answered %d: %v", status, err)
	}
}

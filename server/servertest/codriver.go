package servertest

// Shares invites somebody to a vehicle that c has verified, and answers the id by which the co-driver knows it.
func (c *Client) Shares(vehicleID string, with *Client) string {
	c.House.T.Helper()
	code := c.Asks(`mutation($v: ID!) { inviteCoDriver(input: {vehicleId: $v}) { code userErrors { code } } }`,
		Vars{"v": vehicleID}).OK().String("inviteCoDriver.code")
	return with.Asks(`mutation($c: String!) {
		acceptCoDriverInvitation(input: {code: $c, trackConsent: true}) { vehicle { id } userErrors { code } }
	}`, Vars{"c": code}).OK().String("acceptCoDriverInvitation.vehicle.id")
}

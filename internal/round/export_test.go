package round

// Coming answers when a round that begins after the call is over.
func (g *Group) Coming() <-chan struct{} { return g.coming().done }

package bus

// Interests counts what this replica has told its server that it wants to hear.
func (b *Bus) Interests() int { return b.conn.NumSubscriptions() }

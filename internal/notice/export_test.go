package notice

// Watched counts the accounts that have live readings here.
func (s *Service) Watched() int { return len(s.hub.watched()) }

// Batch is how many rows a reading holds at most.
const Batch = batch

// Position is the last sequence that the reading has delivered or passed.
func (r *Reading) Position() int64 { return r.position }

package notice

// Watched counts the accounts that have live readings here.
func (s *Service) Watched() int { return len(s.hub.watched()) }

// Batch is how many rows a reading holds at most.
const Batch = batch

// RowsAtOnce is how many rows one statement reads at most.
const RowsAtOnce = rowsAtOnce

// ReadAtOnce is how many readings one statement reads for.
const ReadAtOnce = readAtOnce

// RowsEach is how many rows each of so many readings gets.
func RowsEach(readings int) int64 { return rowsEach(readings) }

// Position is the last sequence that the reading has delivered or passed.
func (r *Reading) Position() int64 {
	r.service.hub.mu.Lock()
	defer r.service.hub.mu.Unlock()
	return r.position
}

// Asked counts the readings that somebody waits for and that no round serves yet.
func (s *Service) Asked() int {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return len(s.hub.asked)
}

package discount

import "parkbff/ent/voucher"

// MostVouchers is how many vouchers one stay takes.
const MostVouchers = 2

// Terms are what a voucher takes off.
type Terms struct {
	Kind    voucher.Kind
	Fen     int64 // of AMOUNT
	Minutes int   // of TIME
}

// Bounds of terms.
const (
	mostFen     = 100_000_00
	mostMinutes = 31 * 24 * 60
)

// valid tells whether terms say all of their kind, and nothing else.
func (t Terms) valid() bool {
	switch t.Kind {
	case voucher.KindAMOUNT:
		return t.Fen > 0 && t.Fen <= mostFen && t.Minutes == 0
	case voucher.KindTIME:
		return t.Minutes > 0 && t.Minutes <= mostMinutes && t.Fen == 0
	case voucher.KindWAIVER:
		return t.Fen == 0 && t.Minutes == 0
	}
	return false
}

// Held is a voucher that is meant for a stay.
type Held struct {
	Row int64
	Terms
}

// Part is what one voucher takes off.
type Part struct {
	Voucher int64
	Fen     int64
}

// Worth is how much less a stay would cost, had its car left so many minutes earlier.
type Worth func(minutes int) (int64, error)

// Stack shares a fee among vouchers: minutes first, then amounts. A waiver takes all, and nothing follows it. Minutes
// are worth what the stay would cost less had its car left so much earlier, all of them together; whatever is left of
// a fee is the most that anything takes off it. A voucher that would take nothing off has no part, and stays its
// holder's.
func Stack(fee int64, held []Held, worth Worth) ([]Part, error) {
	s := stack{left: fee}
	for _, h := range of(voucher.KindWAIVER, held) {
		s.take(h, fee)
	}
	minutes, before := 0, int64(0)
	for _, h := range of(voucher.KindTIME, held) {
		if s.left == 0 {
			break
		}
		minutes += h.Minutes
		together, err := worth(minutes)
		if err != nil {
			return nil, err
		}
		s.take(h, together-before)
		before = together
	}
	for _, h := range of(voucher.KindAMOUNT, held) {
		s.take(h, h.Fen)
	}
	return s.parts, nil
}

type stack struct {
	left  int64
	parts []Part
}

func (s *stack) take(h Held, fen int64) {
	if fen = min(fen, s.left); fen > 0 {
		s.left -= fen
		s.parts = append(s.parts, Part{h.Row, fen})
	}
}

func of(kind voucher.Kind, held []Held) []Held {
	var found []Held
	for _, h := range held {
		if h.Kind == kind {
			found = append(found, h)
		}
	}
	return found
}

// Total is what parts take off together.
func Total(parts []Part) int64 {
	var sum int64
	for _, p := range parts {
		sum += p.Fen
	}
	return sum
}

// upTo cuts parts, in their order, so that they take off no more than that.
func upTo(parts []Part, most int64) []Part {
	s := stack{left: most}
	for _, p := range parts {
		s.take(Held{Row: p.Voucher}, p.Fen)
	}
	return s.parts
}

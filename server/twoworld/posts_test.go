package twoworld_test

import "parkbff/server/servertest"

// partiesAtWork are those of every post that there is. To them much of the contract is closed, each field by another wall;
// that is an answer with a code, never an error that nobody thought of.
func (w world) partiesAtWork() []*servertest.Client {
	w.T.Helper()
	const store = "MER1"
	if err := w.House.House.Staff.AddStore(w.AsSystem(), store, "咖啡店"); err != nil {
		w.T.Fatal(err)
	}
	return []*servertest.Client{
		w.Gate("WXC").Client, w.Staff("WXC"), w.Hires("MANAGER", "WXC", "").Client,
		w.Hires("CLERK", "", store).Client, w.Officer(), w.Admin(),
	}
}

// askAtWork asks everything once more as those at work, in the first world. What they are answered by INTERNAL fails.
func (p *proof) askAtWork() {
	p.comeBack("00:25")
	everybody := newAcquaintance(p.known)
	for _, of := range p.both[0].partiesAtWork() {
		author := newAuthor(p.t, everybody)
		for _, op := range append(onceEach(author.queries()), onceEach(author.mutations())...) {
			everybody.listen(p.t, op, ask(of, op))
		}
	}
}

package stmtcache

import "container/list"

// lru keeps the statements used last, by their text.
type lru struct {
	size   int
	recent *list.List // of *entry, the latest first
	byText map[string]*list.Element
}

type entry struct {
	text      string
	statement prepared
}

func newLRU(size int) *lru {
	return &lru{size: size, recent: list.New(), byText: make(map[string]*list.Element)}
}

func (l *lru) get(text string) (prepared, bool) {
	at, ok := l.byText[text]
	if !ok {
		return nil, false
	}
	l.recent.MoveToFront(at)
	return at.Value.(*entry).statement, true
}

// add keeps a statement whose text is not kept yet, and answers the one that had to go, or nil.
func (l *lru) add(text string, s prepared) prepared {
	l.byText[text] = l.recent.PushFront(&entry{text: text, statement: s})
	if l.recent.Len() <= l.size {
		return nil
	}
	return l.remove(l.recent.Back().Value.(*entry).text)
}

// remove answers the statement that is no longer kept, or nil.
func (l *lru) remove(text string) prepared {
	at, ok := l.byText[text]
	if !ok {
		return nil
	}
	delete(l.byText, text)
	return l.recent.Remove(at).(*entry).statement
}

func (l *lru) drain(each func(prepared)) {
	for at := l.recent.Front(); at != nil; at = at.Next() {
		each(at.Value.(*entry).statement)
	}
	l.recent.Init()
	clear(l.byText)
}

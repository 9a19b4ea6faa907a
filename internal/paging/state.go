package paging

import "hash/maphash"

// maxSeen is how many pages a State remembers unless it has a Limit.
const maxSeen = 1 << 16

// A State is what is remembered from page to page. The zero State is for the first page. It
// remembers a bounded number of pages, and beyond that still notices every cycle in the end.
//
// A State is a value. The one before a page may be used again, to ask for that page again,
// which is no cycle. All States that follow from one first page share a memory, so they must
// not be used concurrently.
type State struct {
	Limit int // how many pages are remembered one by one; 0 means many

	pages   int
	records int64
	longest int
	empties int   // how many of the last pages were empty
	from    int64 // the value that the first page was asked with, if counted
	given   bool  // from was given
	middle  bool  // the first page was asked for with a cursor, so that earlier ones may have been elsewhere
	tried   bool  // another base was tried
	fed     bool  // a page before had a cursor
	memory  *memory
}

// A memory has the pages that follow from a first one, by their records and by the
// values that ask for them.
type memory struct {
	seed            maphash.Seed
	records, values marks
}

func newMemory(limit int) *memory {
	if limit <= 0 {
		limit = maxSeen
	}
	return &memory{seed: maphash.MakeSeed(), records: marks{limit: limit}, values: marks{limit: limit}}
}

// A mark is a hash.
type mark = uint64

// markOf returns the mark of a parameter and its value.
func (m *memory) markOf(name, text string) mark {
	var h maphash.Hash
	h.SetSeed(m.seed)
	_, _ = h.WriteString(name)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(text)
	return h.Sum64()
}

// marks has the first page of each mark. When it is full it keeps one more, the anchor,
// which it replaces at growing distances: once a distance is longer than a cycle, the
// cycle comes back to the anchor.
type marks struct {
	limit           int
	pages           map[mark]int
	anchor          mark
	anchored        int // the page of the anchor
	steps, anchorAt int
}

// before reports whether the mark was on a page before the given one.
func (m *marks) before(h mark, page int) bool {
	if at, ok := m.pages[h]; ok {
		return at < page
	}
	return m.anchorAt > 0 && m.anchor == h && m.anchored < page
}

// add remembers that the mark is on a page.
func (m *marks) add(h mark, page int) {
	at, ok := m.pages[h]
	switch {
	case ok:
		m.pages[h] = min(at, page)
	case len(m.pages) < m.limit:
		if m.pages == nil {
			m.pages = map[mark]int{}
		}
		m.pages[h] = page
	case m.anchorAt > 0 && m.anchor == h:
	default:
		if m.steps++; m.steps >= m.anchorAt {
			m.anchor, m.anchored, m.anchorAt = h, page, 2*m.steps
		}
	}
}

// Seen remembers texts, a bounded number of them, and beyond that still notices every
// cycle in the end. It is for lists that are not paged by [Next]. The zero value is
// ready to use.
type Seen struct {
	seed  maphash.Seed
	marks marks
	n     int
}

// Again reports whether a text came before, and remembers it.
func (s *Seen) Again(text string) bool {
	if s.n == 0 {
		s.seed, s.marks.limit = maphash.MakeSeed(), maxSeen
	}
	h := maphash.String(s.seed, text)
	again := s.marks.before(h, s.n)
	s.marks.add(h, s.n)
	s.n++
	return again
}

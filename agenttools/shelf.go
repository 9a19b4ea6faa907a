package agenttools

import (
	"container/list"
	"encoding/json"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A place is where reading goes on: at a row of a page, or at a page that has not been
// asked for.
type place struct {
	page  *page
	index int // the row of the page

	read   *reading      // what to ask, if page is nil
	params client.Params // and with what
	number int           // the number of the first row of that page
	weight int           // about how much memory params takes
}

// of returns what the place is in, or nil.
func (at place) of() *reading {
	if at.page == nil {
		return nil
	}
	return at.page.of
}

// The limits of a shelf. The time is that since a handle was last used.
const (
	maxHandles = 10_000
	maxShelf   = 16 << 20 // bytes
	maxAge     = 30 * time.Minute
)

// A shelf keeps places by their handles, in bounded memory and for a bounded time. What
// was not used for the longest time goes first.
type shelf struct {
	mu    sync.Mutex
	slots map[string]*list.Element // of *slot
	order list.List                // the one used last at the end
	size  int                      // bytes
}

type slot struct {
	handle string
	at     place
	used   time.Time
}

const slotSize = 500

// put returns the handle of the place that follows the rows of p before the index: the
// one that it was given before, if that is still there.
func (s *shelf) put(p *page, index int, at place) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if handle, ok := p.handles[index]; ok && s.use(handle) != nil {
		return handle
	}
	handle := randomText(handleLength)
	if s.slots == nil {
		s.slots = map[string]*list.Element{}
	}
	s.slots[handle] = s.order.PushBack(&slot{handle, at, time.Now()})
	s.size += slotSize + at.weight
	s.hold(at.page)
	if p.handles == nil {
		p.handles = map[int]string{}
	}
	p.handles[index] = handle
	s.tidy()
	return handle
}

// get returns the place of a handle and reports whether there is one.
func (s *shelf) get(handle string) (place, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy()
	if slot := s.use(handle); slot != nil {
		return slot.at, true
	}
	return place{}, false
}

// turnTo keeps the page that was asked for at the place of the handle, so that the
// handle goes on to mean that page, and returns it. If another call was faster, it
// returns the other one's page.
func (s *shelf) turnTo(handle string, p *page) *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.use(handle)
	switch {
	case slot == nil:
		return p
	case slot.at.page == nil:
		slot.at.page = p
		s.hold(p)
		s.tidy()
	}
	return slot.at.page
}

// use returns the slot of a handle, nil if there is none.
func (s *shelf) use(handle string) *slot {
	e := s.slots[handle]
	if e == nil {
		return nil
	}
	slot := e.Value.(*slot)
	slot.used = time.Now()
	s.order.MoveToBack(e)
	return slot
}

func (s *shelf) hold(p *page) {
	if p == nil {
		return
	}
	if p.refs++; p.refs == 1 {
		s.size += p.size()
	}
}

// tidy removes what is too old and what is too much, except for the newest.
func (s *shelf) tidy() {
	for e := s.order.Front(); e != nil; e = s.order.Front() {
		slot := e.Value.(*slot)
		full := s.size > maxShelf || s.order.Len() > maxHandles
		if time.Since(slot.used) < maxAge && (!full || s.order.Len() == 1) {
			return
		}
		s.order.Remove(e)
		delete(s.slots, slot.handle)
		s.size -= slotSize + slot.at.weight
		if p := slot.at.page; p != nil {
			if p.refs--; p.refs == 0 {
				s.size -= p.size()
			}
		}
	}
}

// sizeOf is about how much memory params take, which have what the connector sent to ask
// for the next page.
func sizeOf(v any) int {
	n := 16
	switch v := v.(type) {
	case string:
		n += len(v)
	case json.Number:
		n += len(v)
	case []any:
		for _, element := range v {
			n += sizeOf(element)
		}
	case map[string]any:
		for name, member := range v {
			n += len(name) + sizeOf(member)
		}
	}
	return n
}

package client

import (
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// maxEmpty is how many pages without items may come one after the other.
const maxEmpty = 100

// A guard notices pages of the service's own lists that come again, in whatever cycle,
// and lists that do not end. It needs a limited amount of memory.
type guard struct {
	op           string
	links, pages paging.Seen
	empty        int
}

// page returns an error if a page with these IDs came before: then what asked for it
// was not understood, and its items are not to be yielded. IDs are unique in the lists
// of the service.
func (g *guard) page(ids []string) error {
	if len(ids) == 0 {
		if g.empty++; g.empty > maxEmpty {
			return &Error{op: g.op, kind: ErrPaging, Message: "the last hundred pages were empty"}
		}
		return nil
	}
	g.empty = 0
	if !slices.Contains(ids, "") && g.pages.Again(strings.Join(ids, "\n")) {
		return &Error{op: g.op, kind: ErrPageRepeated, Message: "the service sent a page again, so it does not understand what asked for the next one"}
	}
	return nil
}

// next returns an error if what asks for the next page asked for an earlier one.
func (g *guard) next(link string) error {
	if g.links.Again(link) {
		return &Error{op: g.op, kind: ErrPageRepeated, Message: "the service sent the cursor or the link of an earlier page again"}
	}
	return nil
}

// idsOf returns the IDs of items.
func idsOf[T any](items []T, id func(T) string) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = id(item)
	}
	return ids
}

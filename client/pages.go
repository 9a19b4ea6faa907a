package client

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// maxEmpty is how many pages without items may come one after the other.
const maxEmpty = 100

// pages yields the items of a list of the service, one page after the other. page
// requests the page that next asks for, the first one for "", and returns what asks for
// the page after it, "" if it is the last one. id returns the ID of an item.
func pages[T any](op string, id func(T) string, turn func(g *guard, next string) (items []T, after string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		g := &guard{op: op}
		for next := ""; ; {
			items, after, err := turn(g, next)
			if err == nil {
				err = g.check(idsOf(items, id))
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if after == "" {
				return
			}
			if err := g.next(after); err != nil {
				yield(none, err)
				return
			}
			next = after
		}
	}
}

// convert yields the items of a list as f makes them of the items as the service sends
// them.
func convert[I, T any](items iter.Seq2[I, error], f func(I) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item, err := range items {
			var v T
			if err == nil {
				v = f(item)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// A guard notices pages of the service's own lists that come again, in whatever cycle,
// and lists that do not end. It needs a limited amount of memory.
type guard struct {
	op           string
	links, pages paging.Seen
	empty        int
}

// check returns an error if a page with these IDs came before: then what asked for it
// was not understood, and its items are not to be yielded. IDs are unique in the lists
// of the service.
func (g *guard) check(ids []string) error {
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

// follow returns the request for the page that next names, a URL that the service sent
// with the page at from.
func (c *call) follow(from *url.URL, next string) (*http.Request, error) {
	u, err := c.next(from, next)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodGet, u.String(), nil) //nolint:noctx // send sets it
	if err != nil {
		return nil, &Error{op: c.op, kind: ErrPaging, err: err}
	}
	return req, nil
}

// next resolves the URL of the next page. It must have the origin of the service, since
// the token is sent there.
func (c *call) next(from *url.URL, next string) (*url.URL, error) {
	u, err := from.Parse(next)
	if err != nil {
		return nil, &Error{op: c.op, kind: ErrPaging, Message: "the URL of the next page cannot be parsed"}
	}
	if !origin.Same(c.base, u) || u.User != nil {
		return nil, &Error{op: c.op, kind: ErrPaging, err: fmt.Errorf("%w: the next page is at another origin, %s://%s", auth.ErrUnsafe, u.Scheme, u.Host)}
	}
	return u, nil
}

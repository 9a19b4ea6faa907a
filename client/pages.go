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

// This file pages through the lists of the service itself, such as those of workspaces and
// of skills. How connectors page is in nextpage.go and all.go.

// maxEmpty is how many pages without items may come one after the other.
const maxEmpty = 100

// pages yields the items of a list of the service, one page after the other. turn requests
// a page: the first one if next is "", else the one that next asks for, a cursor or a link.
// It returns the items of the page and what asks for the page after it, "" if there is none.
// id returns the ID of an item.
func pages[T any](op string, id func(T) string, turn func(g *guard, next string) (items []T, after string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		g := &guard{op: op}
		for next := ""; ; {
			items, after, err := turn(g, next)
			if err == nil {
				err = g.seen(idsOf(items, id))
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
			if err := g.asked(after); err != nil {
				yield(none, err)
				return
			}
			next = after
		}
	}
}

// convert yields what f makes of each item of a list, and the errors as they are.
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

// A guard notices if pages of a list come again, in whatever cycle, and if a list goes on
// with empty pages. It needs a limited amount of memory.
type guard struct {
	op           string
	links, pages paging.Seen
	empty        int
}

// seen returns an error if a page with these IDs came before. IDs are unique in a list, so
// the service did not understand what asked for this page, and its items must not be
// yielded again.
func (g *guard) seen(ids []string) error {
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

// asked returns an error if link, which asks for the next page, asked for an earlier one.
func (g *guard) asked(link string) error {
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
	u, err := c.nextURL(from, next)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodGet, u.String(), nil) //nolint:noctx // send sets it
	if err != nil {
		return nil, &Error{op: c.op, kind: ErrPaging, err: err}
	}
	return req, nil
}

// nextURL resolves the URL of the next page. A URL at another origin than that of the
// service is an error, since the token would be sent there.
func (c *call) nextURL(from *url.URL, next string) (*url.URL, error) {
	u, err := from.Parse(next)
	if err != nil {
		return nil, &Error{op: c.op, kind: ErrPaging, Message: "the URL of the next page cannot be parsed"}
	}
	if !origin.Same(c.base, u) || u.User != nil {
		return nil, &Error{op: c.op, kind: ErrPaging, err: fmt.Errorf("%w: the next page is at another origin, %s://%s", auth.ErrUnsafe, u.Scheme, u.Host)}
	}
	return u, nil
}

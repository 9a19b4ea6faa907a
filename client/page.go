package client

import (
	"fmt"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// A Page says whether another page follows a result. To request that page, use the
// parameters that [Result.NextParams] returns: which parameter takes the cursor
// differs by connector.
type Page struct {
	// HasNext reports whether there is another page, or may be one.
	HasNext bool

	// Cursor is the cursor of the next page, its number or offset, or a link to it. It
	// is "" if there is no next page, and for connectors that page by something else,
	// such as the ID of the last record.
	Cursor string
}

// String returns the fields, for printing.
func (p Page) String() string {
	return fmt.Sprintf("client.Page{HasNext: %t, Cursor: %q}", p.HasNext, shorten(p.Cursor))
}

// Page says whether another page follows r, in the same way for every connector, by
// the rules of [All]. It sends nothing, and remembers nothing: what only a request
// could tell, such as the slug of a connector from [Workspace.ConnectorByID], it does
// without, and it does not notice that a page came again.
func (r *Result) Page() Page {
	in := r.brought()
	if r.pages != nil {
		t := *r.pages // the result may be shared
		t.tell(&in)
	}
	out := paging.Next(in)
	return Page{HasNext: !out.End, Cursor: out.Cursor}
}

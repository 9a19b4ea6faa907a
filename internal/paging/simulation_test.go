package paging

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging/facts"
)

// The ways in which the SDK may know what an operation declares.
const (
	byTable   = "table"
	byItself  = "described" // by the connector, which the table does not have
	byNothing = "unknown"
)

// walk pages through a list and says how it went.
func walk(t *testing.T, l facts.List, params map[string]any, known string) (outcome, detail string) {
	var in In
	if known == byTable {
		in.Declared, in.Known = Lookup(l.Slug, l.Entities[0], l.Action)
	}
	seen, came := make([]bool, l.Total), 0
	for range 200 {
		page, err := l.Page(params)
		if err != nil {
			return "refused", err.Error()
		}
		raw, err := json.Marshal(page.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		in.Metadata, in.Params, in.Count, in.Records = raw, params, page.End-page.Start, fmt.Append(nil, page.Start)
		if in.Last = nil; in.Count > 0 {
			last := fmt.Appendf(nil, `{"id":%q}`, l.Key(page.End-1))
			in.Last = func() []byte { return last }
		}
		out := Next(in)
		if out.Ask && known == byItself {
			in.Declared, in.Known = Declare(described(l.Operation)), true
			out = Next(in)
		}
		if !out.Drop {
			for i := page.Start; i < page.End; i++ {
				if seen[i] {
					return "repeated", ""
				}
				seen[i] = true
				came++
			}
		}
		switch {
		case out.Problem != Fine && came == 0:
			return "silent", "a problem before any rows"
		case out.Problem != Fine:
			return "loud", out.Why
		case out.End && came < l.Total:
			return "silent", fmt.Sprintf("%d of %d records, last metadata %s", came, l.Total, raw)
		case out.End:
			return "complete", ""
		}
		if params = maps.Clone(params); params == nil {
			params = map[string]any{}
		}
		maps.Copy(params, out.Set)
		in.State = out.State
	}
	return "endless", ""
}

// described returns how a connector would describe the parameters of an operation.
func described(op facts.Operation) (list []Described) {
	for _, p := range op.Params {
		d := Described{Name: p.Name, Type: p.Type}
		if p.Known {
			d.Default = strconv.Itoa(p.Default)
		}
		list = append(list, d)
	}
	return list
}

// sizes are how large a page is: what is asked for, 0 for nothing, and the most that the
// vendor sends.
var sizes = []struct{ ask, limit int }{
	{0, 1 << 30},
	{8, 8},
	{8, 5}, {100, 10}, {100, 20}, {100, 25}, {100, 50}, {250, 100}, {100, 64}, {1000, 200}, {500, 250}, {1000, 500}, {5000, 1000}, // capped
}

func TestEveryOperation(t *testing.T) {
	for _, known := range []string{byTable, byItself, byNothing} {
		for _, size := range sizes {
			for _, null := range []bool{false, true} {
				for _, last := range [][2]int{{5, 0}, {5, 1}, {1, 0}, {1, 1}, {0, 0}} { // the number of pages, and how many records the last one lacks
					t.Run(fmt.Sprintf("%s/asked=%d,max=%d/null=%t/pages=%d/short=%d", known, size.ask, size.limit, null, last[0], last[1]), func(t *testing.T) {
						everyOperation(t, known, size.ask, size.limit, null, last[0], last[1])
					})
				}
			}
		}
	}
}

func everyOperation(t *testing.T, known string, ask, limit int, null bool, pages, short int) {
	counts, paging, complete := map[string]int{}, 0, 0
	for _, op := range facts.All() {
		l := facts.List{Operation: op, Size: 10, Max: limit, Key: func(i int) string { return strconv.Itoa(7000 + i) }, URL: "https://vendor.example/v1/records", Null: null}
		params := map[string]any{}
		if p, ok := op.PageSize(); ok {
			if p.Known {
				l.Size = p.Default
			}
			if ask > 0 {
				params[p.Name], l.Size = float64(ask), ask // as JSON has it
			}
		} else {
			l.Max = 1 << 30
		}
		if l.Total = max(pages*min(l.Size, l.Max)-short, 0); l.Size > 100_000 {
			continue // its default is that there are no pages
		}
		got, detail := walk(t, l, params, known)
		n := len(op.Entities)
		switch {
		case got == "refused" && known != byTable: // a page was asked for by its number or the last ID, which ends in an error
			got = "loud"
		case got == "silent" && known == byNothing && !op.Tells(): // nothing at all tells that it pages
			got = "untold"
		}
		counts[got] += n
		_, turns := op.Turns()
		if turns {
			paging += n
			if got == "complete" {
				complete += n
			}
		}
		switch got {
		case "silent", "repeated", "endless", "refused":
			t.Errorf("%s %s %v: %s %s", op.Slug, op.Action, op.Entities[0], got, detail)
		case "loud":
			if turns {
				t.Logf("%s %s %v: loud: %s", op.Slug, op.Action, op.Entities[0], detail)
			}
		}
	}
	if known == byItself && pages == 1 && short == 0 && !null {
		t.Logf("%v: of an unknown connector, a full first page whose metadata says nothing may not be the last", counts)
		return
	}
	t.Logf("%v; with a paging parameter, %d of %d are complete", counts, complete, paging)
	if known != byNothing && complete*100 < paging*95 {
		t.Errorf("fewer than 95 %% are complete")
	}
}

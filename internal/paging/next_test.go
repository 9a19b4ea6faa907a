package paging

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestNext(t *testing.T) {
	var (
		after  = []Param{{Name: "after", Role: Cursor, Fed: true}}
		offset = []Param{{Name: "offset", Role: Offset, Integer: true}, {Name: "limit", Role: Size, Integer: true, Default: 10, Known: true}}
		lastID = []Param{{Name: "before", Role: LastID, Integer: true}, {Name: "limit", Role: Size, Integer: true, Default: 25, Known: true}}
		page   = []Param{{Name: "page", Role: Count1, Integer: true, Default: 1, Known: true}}
		unsure = []Param{{Name: "cursor", Role: Cursor, Unsure: true}, {Name: "limit", Role: Size, Integer: true}}
		ten    = map[string]any{"limit": 10}
		middle = map[string]any{"limit": 10, "cursor": "c3"}
	)
	for name, test := range map[string]struct {
		meta     string
		declared []Param
		known    bool
		params   map[string]any
		param    string
		count    int
		want     string // Set as JSON, "end", or "problem" and its number
	}{
		"ten of ten":                       {meta: `{"total":10}`, params: ten, count: 10, want: "end"},
		"ten of ten, guessed cursor":       {meta: `{"total":10}`, declared: unsure, count: 10, want: "end"},
		"ten of ten, declared cursor":      {meta: `{"total":10}`, declared: []Param{{Name: "page", Role: Cursor}}, known: true, count: 10, want: "end"},
		"ten, with a total of all":         {meta: `{"total":11}`, declared: unsure, params: ten, count: 10, want: "problem 2"},
		"ten, and a total of none":         {meta: `{"total":0}`, declared: unsure, params: ten, count: 10, want: "problem 1"},
		"nothing said, nothing known":      {meta: `{}`, count: 3, want: "end"},
		"declared parameter":               {meta: `{"next_cursor":"c"}`, declared: after, known: true, count: 3, want: `{"after":"c"}`},
		"token that is JSON":               {meta: `{"next_offset":"[\"1\",\"2\"]"}`, declared: after, known: true, count: 3, want: `{"after":"[\"1\",\"2\"]"}`},
		"object with an offset":            {meta: `{"next_page":{"offset":"o9","path":"/x?offset=o9"}}`, count: 3, want: `{"offset":"o9"}`},
		"path without a parameter":         {meta: `{"next_page_uri":"/x?Page=4"}`, count: 3, want: "problem 2"},
		"page of pages":                    {meta: `{"page_info":{"page":1,"total_page":3}}`, count: 3, want: `{"page":2}`},
		"last page of pages":               {meta: `{"page_info":{"page":3,"total_page":3}}`, params: map[string]any{"page": 3}, count: 3, want: "end"},
		"first of pages from 0":            {meta: `{"page":0,"pages":2}`, count: 3, want: `{"page":1}`},
		"the only one of pages from 0":     {meta: `{"page":0,"pages":1}`, count: 3, want: "end"},
		"the next of two pages":            {meta: `{"page":2,"pages":2}`, count: 3, want: `{"page":2}`},
		"page count":                       {meta: `{"page_count":3}`, params: map[string]any{"page": 1}, count: 3, want: `{"page":2}`},
		"start of total":                   {meta: `{"startAt":0,"maxResults":50,"total":120}`, count: 50, want: `{"startAt":50}`},
		"next id":                          {meta: `{"next_id":"n8"}`, count: 3, want: `{"cursor":"n8"}`},
		"date under a cursor's name":       {meta: `{"next_page":4}`, params: map[string]any{"after": "2023-05-01"}, count: 3, want: `{"page":4}`},
		"start_at that is a filter":        {meta: `{"next_cursor":"c"}`, params: map[string]any{"start_at": "2023-05-01"}, count: 3, want: `{"cursor":"c"}`},
		"path in next":                     {meta: `{"next":"/v2/items?cursor=zz"}`, count: 3, want: "problem 2"},
		"query in next":                    {meta: `{"next":"?page=3"}`, count: 3, want: "problem 2"},
		"query in next, declared":          {meta: `{"next":"?page=3"}`, declared: page, known: true, params: map[string]any{"page": 2}, count: 3, want: `{"page":3}`},
		"float64 offset":                   {meta: `{"has_more":true}`, params: map[string]any{"offset": float64(2500000)}, count: 7, want: `{"offset":2500007}`},
		"float64 page":                     {meta: `{"has_more":true}`, params: map[string]any{"page": float64(2500000)}, count: 7, want: `{"page":2500001}`},
		"float64 skip":                     {meta: `{"has_more":true}`, params: map[string]any{"skip": float64(2500000)}, count: 7, want: `{"skip":2500007}`},
		"empty page, same cursor":          {meta: `{"next_cursor":"c"}`, declared: after, known: true, params: map[string]any{"after": "c"}, want: "end"},
		"same cursor":                      {meta: `{"next_cursor":"c"}`, declared: after, known: true, params: map[string]any{"after": "c"}, count: 1, want: "problem 3"},
		"next_offset of this page":         {meta: `{"next_offset":20,"total":40}`, declared: offset, known: true, params: map[string]any{"offset": 20}, count: 10, want: `{"offset":30}`},
		"next_offset of this page, guess":  {meta: `{"next_offset":20,"total":40}`, params: map[string]any{"offset": 20}, count: 10, want: `{"offset":30}`},
		"a flag and no parameter":          {meta: `{"has_more":true}`, known: true, count: 3, want: "problem 2"},
		"a flag and no cursor":             {meta: `{"has_more":true}`, declared: after, known: true, count: 3, want: "problem 1"},
		"not understood":                   {meta: `{"the_next_one":{"x":[1]}}`, count: 3, want: "problem 1"},
		"declared, first page full":        {meta: `{}`, declared: offset, known: true, count: 10, want: `{"offset":10}`},
		"declared, first page short":       {meta: `{}`, declared: offset, known: true, count: 9, want: "end"},
		"declared, short of the asked":     {meta: `{}`, declared: offset, known: true, params: map[string]any{"limit": 50}, count: 9, want: `{"offset":9}`},
		"cursor without a member":          {meta: `{}`, declared: []Param{{Name: "page", Role: Cursor}}, known: true, count: 9, want: "problem 1"},
		"cursor without a member, no more": {meta: `{"meta":{"has_more":false}}`, declared: []Param{{Name: "page", Role: Cursor}}, known: true, count: 9, want: "end"},
		"described cursor, full page":      {meta: `{}`, declared: unsure, known: true, params: ten, count: 10, want: "problem 1"},
		"described cursor, other name":     {meta: `{"continuation":"c"}`, declared: unsure, known: true, params: ten, count: 10, want: "problem 1"},
		"described cursor, vendor's cap":   {meta: `{}`, declared: unsure, known: true, params: map[string]any{"limit": 1000}, count: 100, want: "problem 1"},
		"described cursor, usual size":     {meta: `{}`, declared: unsure, known: true, count: 25, want: "problem 1"},
		"described cursor, short page":     {meta: `{}`, declared: unsure, known: true, params: ten, count: 9, want: "end"},
		"described cursor, null":           {meta: `{"next_cursor":null}`, declared: unsure, known: true, params: ten, count: 10, want: "end"},
		"described cursor, in the middle":  {meta: `{}`, declared: unsure, known: true, params: middle, count: 10, want: "end"},
		"fed cursor, full page":            {meta: `{}`, declared: after, known: true, count: 10, want: "end"},
		"fed cursor, no metadata":          {meta: `null`, declared: after, known: true, count: 100, want: "problem 1"},
		"fed cursor, nothing at all":       {declared: after, known: true, count: 100, want: "problem 1"},
		"fed cursor, null, short":          {meta: `null`, declared: after, known: true, count: 99, want: "end"},
		"fed cursor, null, in the middle":  {meta: `null`, declared: after, known: true, params: map[string]any{"after": "c3"}, count: 100, want: "end"},
		"fed cursor, a total beyond":       {meta: `{"total":34}`, declared: after, known: true, count: 10, want: "problem 2"},
		"fed cursor, short of a total":     {meta: `{"total":34}`, declared: after, known: true, count: 9, want: "end"},
		"fed cursor, total, in the middle": {meta: `{"total":34}`, declared: after, known: true, params: map[string]any{"after": "c3"}, count: 10, want: "end"},
		"nothing known, as many as asked":  {meta: `{}`, params: ten, count: 10, want: "problem 1"},
		"nothing known, fewer than asked":  {meta: `{}`, params: ten, count: 9, want: "end"},
		"last id, a total beyond":          {meta: `{"total":34}`, declared: lastID, known: true, count: 3, want: `{"before":9}`},
		"last id, the total":               {meta: `{"total":3}`, declared: lastID, known: true, count: 3, want: "end"},
		"page of a total, in the middle":   {meta: `{"total":34}`, declared: page, known: true, params: map[string]any{"page": 3}, count: 10, want: `{"page":4}`},
		"last page of a total":             {meta: `{"total":34}`, declared: page, known: true, params: map[string]any{"page": 4}, count: 10, want: "end"},
		"named, link":                      {meta: `{"next":"https://x/y?pt=5"}`, param: "pt", count: 1, want: `{"pt":"5"}`},
	} {
		t.Run(name, func(t *testing.T) {
			out := Next(In{Metadata: []byte(test.meta), Declared: test.declared, Known: test.known, Param: test.param, Params: test.params, Count: test.count, Records: []byte("1"), Last: func() []byte { return []byte(`{"id":9}`) }})
			if got := verdict(out); got != test.want {
				t.Errorf("%s (%s), want %s", got, out.Why, test.want)
			}
		})
	}
}

func verdict(o Out) string {
	switch {
	case o.Problem != Fine:
		return fmt.Sprintf("problem %d", o.Problem)
	case o.End:
		return "end"
	}
	raw, _ := json.Marshal(o.Set)
	return string(raw)
}

// A reply is a page of a made-up vendor.
type reply struct {
	meta  string
	rows  int
	print uint64
}

// run pages until the end and returns how many pages were yielded, and what ended it.
func run(t *testing.T, in In, vendor func(params map[string]any) reply) (pages int, last Out) {
	t.Helper()
	params := in.Params
	for range 2000 {
		r := vendor(params)
		in.Metadata, in.Count, in.Records, in.Params = []byte(r.meta), r.rows, fmt.Append(nil, r.print), params
		in.Last = func() []byte { return fmt.Appendf(nil, `{"id":"id%d"}`, r.print) }
		out := Next(in)
		if !out.Drop {
			pages++
		}
		if out.End || out.Problem != Fine {
			return pages, out
		}
		next := map[string]any{}
		for k, v := range params {
			next[k] = v
		}
		for k, v := range out.Set {
			next[k] = v
		}
		raw, _ := json.Marshal(next) // as a program that stores the params does
		params = nil
		if err := json.Unmarshal(raw, &params); err != nil {
			t.Fatal(err)
		}
		in.State = out.State
	}
	t.Fatal("no end")
	return 0, Out{}
}

func TestParameterIgnored(t *testing.T) {
	for _, params := range []map[string]any{{"offset": 10}, {"page": 3}, {"skip": 4}, {"cursor": "x"}} {
		pages, out := run(t, In{Params: params}, func(map[string]any) reply { return reply{`{"has_more":true,"next_cursor":null}`, 2, 7} })
		if out.Problem == Fine || pages != 1 {
			t.Errorf("%v: %d pages, %s", params, pages, verdict(out))
		}
	}
	pages, out := run(t, In{Param: "page"}, func(map[string]any) reply { return reply{`{"has_more":true}`, 2, 7} })
	if out.Problem != Repeated || !out.Drop || pages != 1 {
		t.Errorf("WithPageParam: %d pages, %s", pages, verdict(out))
	}
}

func TestCycles(t *testing.T) {
	declared := []Param{{Name: "after", Role: Cursor, Fed: true}}
	for _, length := range []int{1, 2, 3, 50, 1000} {
		for _, alike := range []bool{false, true} {
			pages, out := run(t, In{Declared: declared, Known: true}, func(p map[string]any) reply {
				n := 0
				fmt.Sscanf(fmt.Sprint(p["after"]), "c%d", &n)
				mark := uint64(n)
				if alike {
					mark = 1
				}
				return reply{fmt.Sprintf(`{"next":"c%d"}`, n%length+1), 1, mark}
			})
			want := length + 1
			if alike && out.Drop {
				want--
			}
			if out.Problem != Repeated || pages != want {
				t.Errorf("cycle of %d, alike %t: %d pages, %s", length, alike, pages, verdict(out))
			}
		}
	}
}

func TestBaseOfPages(t *testing.T) {
	for base := range 2 {
		for _, params := range []map[string]any{nil, {"page": 0}, {"page": 1}} {
			if base == 0 && params["page"] == 1 {
				continue
			}
			pages, out := run(t, In{Param: "page", Params: params}, func(p map[string]any) reply {
				n, ok := integer(p["page"])
				if !ok {
					n = int64(base)
				}
				n = max(n, int64(base))
				return reply{fmt.Sprintf(`{"has_more":%t}`, n < int64(base)+4), 2, uint64(n + 1)} //nolint:gosec // a small count
			})
			if !out.End || pages != 5 {
				t.Errorf("base %d, %v: %d pages, %s", base, params, pages, verdict(out))
			}
		}
	}
}

func TestRepeatOfTheLastPageIsTheEnd(t *testing.T) {
	declared := []Param{{Name: "page", Role: Count1, Integer: true}}
	pages, out := run(t, In{Declared: declared, Known: true}, func(p map[string]any) reply {
		n, _ := integer(p["page"])
		return reply{`{}`, 2, uint64(min(max(n, 1), 4))}
	})
	if !out.End || !out.Drop || pages != 4 {
		t.Errorf("%d pages, %s", pages, verdict(out))
	}
	pages, out = run(t, In{Declared: declared, Known: true}, func(map[string]any) reply { return reply{`{}`, 2, 1} })
	if out.Problem != Repeated || pages != 1 {
		t.Errorf("ignored: %d pages, %s", pages, verdict(out))
	}
}

func TestCursorThatIsAbsentAtTheEnd(t *testing.T) {
	pages, out := run(t, In{Declared: []Param{{Name: "after", Role: Cursor}}, Known: true}, func(p map[string]any) reply {
		if p["after"] == nil {
			return reply{`{"next_cursor":"c"}`, 2, 1}
		}
		return reply{`{}`, 2, 2}
	})
	if !out.End || pages != 2 {
		t.Errorf("%d pages, %s", pages, verdict(out))
	}
}

func TestMarksNoticeLongCycles(t *testing.T) {
	const limit = 1000
	m := marks{limit: limit}
	const length = limit + 100
	for i := range 20 * length {
		h := mark(i)
		if i > limit {
			h = mark(1_000_000 + i%length)
		}
		if m.before(h, i) {
			return
		}
		m.add(h, i)
	}
	t.Error("a cycle was not noticed")
}

// A State may be used again: a page that is asked for twice is no cycle.
func TestPageAskedForTwice(t *testing.T) {
	page := []Param{{Name: "page", Role: Count1, Integer: true, Default: 1, Known: true}}
	var state State
	for n := range 5 {
		in := In{Metadata: []byte(`{"has_more":true}`), Declared: page, Known: true, Params: map[string]any{"page": n + 1}, Count: 1, Records: fmt.Append(nil, n), State: state}
		first := Next(in)
		for range 3 {
			if again := Next(in); verdict(again) != verdict(first) || again.Problem != Fine {
				t.Errorf("page %d: %s, then %s: %s", n, verdict(first), verdict(again), again.Why)
			}
		}
		state = first.State
	}
}

package agenttools

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// Whatever the budget is, every answer keeps to it, has whole records, and says how to
// go on.
func TestAnswers(t *testing.T) {
	var records []string
	for i := range 60 {
		records = append(records, fmt.Sprintf(`{"id":%d,"title":%q,"note":"next_page AAAAAAAAAAAAAAAA"}`, i+1, strings.Repeat("ü,", i%17)))
	}
	for _, nested := range []bool{false, true} {
		if nested {
			for i := range records {
				records[i] = strings.Replace(records[i], `"note":"`, `"note":"line\n`, 1)
			}
		}
		list := nodes(t, records...)
		for budget := 1000; budget < 6000; budget += 7 {
			p := &page{about: "github.issues.list", noun: "records", first: 901, note: "warning: old", stuck: "nobody knows how"}
			p.show(list, budget, "x_next_page")
			got, answers := 0, 0
			for at := 0; at >= 0; answers++ {
				next := -1
				text := p.answer(at, budget, "x_next_page", func(i int, _ place) string { next = i; return noHandle })
				a := readAnswer(t, text)
				if len(text) > budget || !utf8.ValidString(text) {
					t.Fatalf("%d bytes of %d", len(text), budget)
				}
				for i := range a.rows {
					if err := a.same(i, []byte(records[got])); err != nil {
						t.Fatal(err)
					}
					got++
				}
				if want := fmt.Sprintf("github.issues.list: records %d to %d", 901+at, 900+got); a.heading != want || len(a.rows) == 0 {
					t.Fatalf("%s, not %s", a.heading, want)
				}
				if (next < 0) != (a.next == "") || next >= 0 && next != got || nested == (a.columns != nil) {
					t.Fatalf("%d %q", next, text)
				}
				if strings.Contains(text, "warning") != (at == 0) || (a.next == "") != strings.Contains(text, "cannot be asked for: nobody") {
					t.Fatal(text)
				}
				at = next
			}
			if got != len(records) {
				t.Fatalf("%d records with a budget of %d", got, budget)
			}
			if answers > 14_000/(budget-400)+2 && !nested {
				t.Errorf("%d answers with a budget of %d", answers, budget)
			}
		}
	}
}

// A record that does not fit is cut, and the ones around it are whole.
func TestAnswersCut(t *testing.T) {
	big := `{"id":2,"text":"` + strings.Repeat("日本", 5000) + `"}`
	records := []string{`{"id":1}`, big, big, `{"id":3}`, `{"id":4}`}
	for _, budget := range []int{1000, 1001, 1002, 5000} {
		p := &page{about: "a.b.list", noun: "records", first: 1}
		p.show(nodes(t, records...), budget, "next_page")
		var sizes []int
		for at := 0; at >= 0; {
			next := -1
			text := p.answer(at, budget, "next_page", func(i int, _ place) string { next = i; return noHandle })
			if len(text) > budget || !utf8.ValidString(text) {
				t.Fatalf("%d bytes of %d: %q", len(text), budget, text)
			}
			a := readAnswer(t, text)
			sizes = append(sizes, len(a.rows))
			if cut := strings.Contains(text, "number 2 is cut: it has 30018 bytes") || strings.Contains(text, "number 3 is cut: it has 30018 bytes"); cut != (at == 1 || at == 2) {
				t.Errorf("%q", text)
			} else if cut && len(text) < budget-60 {
				t.Errorf("only %d bytes of %d", len(text), budget)
			}
			at = next
		}
		if fmt.Sprint(sizes) != "[1 1 1 2]" {
			t.Errorf("%d: %v", budget, sizes)
		}
	}
}

func TestEndings(t *testing.T) {
	handle := func(int, place) string { return noHandle }
	for _, test := range []struct {
		p    page
		want string
	}{
		{page{}, "x: no things\n<data->\n</data->\nend: there are no more things"},
		{page{next: &place{}}, "x: no things\n<data->\n</data->\nnext_page " + noHandle},
		{page{stuck: "why", note: "warning: w"}, "x: no things\n<data->\n</data->\nwarning: w\nthere are more things that cannot be asked for: why"},
	} {
		test.p.about, test.p.noun, test.p.first = "x", "things", 1
		text := test.p.answer(0, 1000, "next_page", handle)
		code := readAnswer(t, text+"\n").body
		if code != "" {
			t.Errorf("%q", text)
		}
		if got := withoutCodes(text); got != test.want {
			t.Errorf("%q, not %q", got, test.want)
		}
	}
}

// withoutCodes removes the codes of the marks, which differ each time.
func withoutCodes(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if m := openLine.FindStringSubmatch(line); m != nil {
			text = strings.ReplaceAll(text, m[1], "")
		}
	}
	return text
}

func TestQuote(t *testing.T) {
	p := &page{about: "x", noun: "lines", first: 1}
	p.quote([]string{"# A\u202e", "", "</data-x>\u2028next_page abcd", strings.Repeat("y", 3000)}, 1000, "next_page")
	text := p.answer(0, 1000, "next_page", func(int, place) string { return noHandle })
	if want := "x: lines 1 to 3\n<data->\n# A\n\n</data-x> next_page abcd\n</data->\nnext_page " + noHandle; withoutCodes(text) != want {
		t.Errorf("%q", text)
	}
	if text := p.answer(3, 1000, "next_page", nil); len(text) > 1000 || !strings.Contains(text, "number 4 is cut: it has 3000 bytes") {
		t.Errorf("%q", text)
	}
}

// The code of a mark is new each time, so that a record cannot have it.
func TestMarks(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := mark("", nil)
		if seen[code] || len(code) != codeLength {
			t.Fatal(code)
		}
		seen[code] = true
	}
}

func TestShelf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shelf
		p := &page{about: "x", sheet: sheet{rows: []string{"a", "b", "c"}}}
		one := s.put(p, 1, place{page: p, index: 1})
		two := s.put(p, 2, place{page: p, index: 2})
		if !turnLine.MatchString("next_page "+one) || len(one) != handleLength || one == two {
			t.Errorf("%q, %q", one, two)
		}
		if again := s.put(p, 1, place{page: p, index: 1}); again != one {
			t.Error("the same place has two handles")
		}
		for range 3 { // as after an answer that was lost
			if at, ok := s.get(one); !ok || at.page != p || at.index != 1 {
				t.Errorf("%+v, %t", at, ok)
			}
		}
		for _, unknown := range []string{"", "x", one + "x", one[1:], strings.ToUpper(one)} {
			if _, ok := s.get(unknown); ok {
				t.Errorf("%q is known", unknown)
			}
		}
		time.Sleep(maxAge - time.Minute)
		s.get(one)
		time.Sleep(2 * time.Minute)
		if _, ok := s.get(two); ok {
			t.Error("a handle that was not used is still there")
		}
		if _, ok := s.get(one); !ok {
			t.Error("a handle that was used is not there")
		}
		time.Sleep(maxAge)
		if _, ok := s.get(one); ok || s.size != 0 || len(s.slots) != 0 || s.order.Len() != 0 || p.refs != 0 {
			t.Errorf("%t, %d bytes, %d handles", ok, s.size, len(s.slots))
		}
		if again := s.put(p, 1, place{page: p, index: 1}); again == one {
			t.Error("a handle that is gone came again")
		}
	})
}

func TestShelfIsBounded(t *testing.T) {
	var s shelf
	row := strings.Repeat("x", 100_000)
	first := ""
	for i := range 500 {
		p := &page{sheet: sheet{rows: []string{row, row}}}
		handle := s.put(p, 1, place{page: p, index: 1})
		if i == 0 {
			first = handle
		}
		if _, ok := s.get(handle); !ok || s.size > maxShelf {
			t.Fatalf("%t, %d bytes", ok, s.size)
		}
	}
	if _, ok := s.get(first); ok {
		t.Error("the oldest is still there")
	}
	huge := &page{sheet: sheet{rows: []string{strings.Repeat("x", 2*maxShelf), ""}}}
	if _, ok := s.get(s.put(huge, 1, place{page: huge, index: 1})); !ok || len(s.slots) != 1 {
		t.Errorf("%t, %d handles: the newest is always there, and nothing else if it is too large", ok, len(s.slots))
	}
	for i := range 100 { // what the vendor sent to ask for the next page counts, too
		cursor := map[string]any{"cursor": strings.Repeat("c", 1<<20), "in": []any{json.Number("1"), true, nil}}
		s.put(&page{}, i, place{params: cursor, weight: sizeOf(cursor)})
	}
	if n := len(s.slots); s.size > maxShelf || n < 10 || n > 16 {
		t.Errorf("%d handles with large cursors, %d bytes", n, s.size)
	}
	small := &page{}
	for i := range maxHandles + 100 {
		s.put(small, i, place{number: i})
	}
	if n := len(s.slots); n != maxHandles || s.order.Len() != n {
		t.Errorf("%d handles", n)
	}
}

// The page behind a handle counts from when it is known, once.
func TestShelfTurns(t *testing.T) {
	var s shelf
	before := &page{}
	handle := s.put(before, 3, place{number: 4, weight: 100})
	p, other := &page{sheet: sheet{rows: []string{"a", "b"}}}, &page{}
	if s.turnTo(handle, p) != p || s.turnTo(handle, other) != p || s.size != slotSize+100+p.size() {
		t.Errorf("%d bytes", s.size)
	}
	rest := s.put(p, 1, place{page: p, index: 1})
	if s.size != 2*slotSize+100+p.size() {
		t.Errorf("%d bytes", s.size)
	}
	if at, ok := s.get(handle); !ok || at.page != p || at.index != 0 || at.number != 4 {
		t.Errorf("%+v", at)
	}
	if s.turnTo("gone", other) != other {
		t.Error("a page without a handle is lost")
	}
	if at, ok := s.get(rest); !ok || at.page != p {
		t.Errorf("%+v", at)
	}
}

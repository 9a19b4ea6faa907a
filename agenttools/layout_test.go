package agenttools

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func nodes(t testing.TB, records ...string) []node {
	t.Helper()
	list := make([]node, len(records))
	for i, r := range records {
		var ok bool
		if list[i], ok = parseJSON(r); !ok {
			t.Fatalf("%q is not JSON", r)
		}
	}
	return list
}

func TestLayOut(t *testing.T) {
	for _, test := range []struct {
		name    string
		records []string
		want    string
	}{
		{"flat", []string{`{"id":1,"name":"a"}`, `{"id":2,"name":"b"}`}, "id,name\n1,a\n2,b"},
		{"one", []string{`{"id":1,"name":"a"}`}, "id,name\n1,a"},
		{"one column", []string{`{"name":"a"}`, `{"name":""}`, `{"name":"b,c"}`}, "name\na\n\"\"\n\"b,c\""},
		{"missing, null and empty", []string{`{"a":1,"b":null}`, `{"a":"","c":true}`, `{}`}, "a,b,c\n1,,\n,,true\n,,"},
		{"order of first appearance", []string{`{"b":1}`, `{"a":2,"b":3}`}, "b,a\n1,\n3,2"},
		{"quotes", []string{`{"a":"say \"hi\"","b":" x","c":"y\t"}`}, "a,b,c\n\"say \"\"hi\"\"\",\" x\",\"y\t\""},
		{"commas", []string{`{"a":"x, y","b":"z, w"}`}, "a\tb\nx, y\tz, w"},
		{"commas and tabs", []string{`{"a":"x, y","b":"z\tw"}`}, "a,b\n\"x, y\",z\tw"},
		{"nested", []string{`{"id":1,"user":{"login":"ada","plan":{"name":"pro"}}}`, `{"id":2,"user":null}`, `{"id":3,"user":{"login":"alan"}}`},
			"id,user.login,user.plan.name\n1,ada,pro\n2,,\n3,alan,"},
		{"a list in a cell", []string{`{"id":1,"tags":[1,2]}`, `{"id":2,"tags":[]}`}, "id\ttags\n1\t[1,2]\n2\t[]"},
		{"an empty object is none", []string{`{"id":1,"user":{}}`, `{"id":2,"user":{"a":3}}`}, "id,user\n1,{}\n2,\"{\"\"a\"\":3}\""},
		{"numbers as written", []string{`{"n":12345678901234567890,"m":1.50,"s":"0042"}`}, "n,m,s\n12345678901234567890,1.50,0042"},
		{"texts like numbers among numbers", []string{`{"n":1}`, `{"n":"1"}`}, "{\"n\":1}\n{\"n\":\"1\"}"},
		{"words among numbers", []string{`{"n":1}`, `{"n":"none"}`}, "n\n1\nnone"},
		{"text like a list among lists", []string{`{"n":[1]}`, `{"n":"[1]"}`}, "{\"n\":[1]}\n{\"n\":\"[1]\"}"},
		{"texts like lists alone", []string{`{"n":"[1]"}`}, "n\n[1]"},
		{"line feeds", []string{`{"a":"x\ny"}`}, `{"a":"x\ny"}`},
		{"line separators", []string{`{"a":"x\u2028y"}`}, `{"a":"x\u2028y"}`},
		{"a name with a comma", []string{`{"a,b":1}`}, `{"a,b":1}`},
		{"a name that begins like JSON", []string{`{"{a":1}`}, `{"{a":1}`},
		{"names that collide", []string{`{"a.b":1,"a":{"b":2}}`}, `{"a.b":1,"a":{"b":2}}`},
		{"a name twice", []string{`{"a":1,"a":2}`}, `{"a":1,"a":2}`},
		{"a name twice without what is dropped", []string{`{"a":1,"a\u200b":2}`}, `{"a":1,"a":2}`},
		{"no columns", []string{`{}`, `{}`}, "{}\n{}"},
		{"not objects", []string{`1`, `"a\nb"`, `[true]`}, "1\n\"a\\nb\"\n[true]"},
		{"sparse", []string{`{"aaaa":1}`, `{"bbbb":1}`, `{"cccc":1}`, `{"dddd":1}`, `{"eeee":1}`, `{"ffff":1}`, `{"g":1}`, `{"h":1}`, `{"i":1}`, `{"j":1}`},
			"{\"aaaa\":1}\n{\"bbbb\":1}\n{\"cccc\":1}\n{\"dddd\":1}\n{\"eeee\":1}\n{\"ffff\":1}\n{\"g\":1}\n{\"h\":1}\n{\"i\":1}\n{\"j\":1}"},
		{"hidden characters", []string{`{"na\u202eme\u200b":"a\ud83d\ude00\u0000b\u202e"}`}, "name\na😀b"},
		{"none", nil, ""},
	} {
		s := layOut(nodes(t, test.records...), 10_000, 9_000)
		got := strings.Join(s.rows, "\n")
		if s.header != "" {
			got = s.header + "\n" + got
		}
		if got != test.want {
			t.Errorf("%s:\n%s\nnot\n%s", test.name, got, test.want)
		}
	}
}

func TestLayOutCuts(t *testing.T) {
	records := nodes(t, `{"id":1,"text":"short"}`, `{"id":2,"text":"`+strings.Repeat("ü", 300)+`"}`, `{"id":3}`)
	s := layOut(records, 200, 150)
	if s.header != "" || len(s.rows) != 3 || s.whole[1].bytes != 618 || len(s.whole) != 1 {
		t.Fatalf("%+v", s)
	}
	if n := len(s.rows[1]); n > 149 || n < 140 || !strings.HasSuffix(s.rows[1], "ü…") {
		t.Errorf("%d: %s", n, s.rows[1])
	}
}

// maps with a name for each of many things are no table, and do not take long.
func TestLayOutOfMaps(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `,"key%d":%d`, i, i)
	}
	s := layOut(nodes(t, "{"+b.String()[1:]+"}", "{"+b.String()[1:]+"}"), 1<<20, 1<<20)
	if s.header != "" || len(s.rows) != 2 {
		t.Errorf("%.80s", s.header)
	}
}

// Whatever the records are, the rows give them back.
func FuzzLayOut(f *testing.F) {
	for _, seed := range []string{
		`[{"id":1,"name":"a,b"},{"id":2,"name":"c\td"}]`,
		`[{"a":{"b":1,"c":null}},{"a":null},{"a":{"b":"x","c":[1]}}]`,
		`[{"a.b":1,"a":{"c":2}},{"":1},{"a":{}}]`,
		`[1,"x",null,[],{}]`,
		`[{"a":"\u202e1"},{"a":true},{"a":"true"}]`,
		`[{"a":" "},{"a":"\""},{"a":"\n"}]`,
		`[{"d":{"d":{"d":{"d":{"d":{"d":1}}}}}}]`,
		`[{"a":""}]`, `[{"a":"<"},{"b":"{"}]`, `[{"<a":1}]`, `[{"a":null}]`, `[{"a":{"b":null}}]`, `[{"0":""}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var records []json.RawMessage
		if json.Unmarshal([]byte(text), &records) != nil {
			return
		}
		var list []node
		for _, r := range records {
			n, ok := parseJSON(string(r))
			if !ok {
				t.Fatalf("%q is not taken", r)
			}
			if twice(n) {
				return // then the test would not know what to expect
			}
			list = append(list, n)
		}
		p := &page{about: "a.b.c", noun: "records", first: 1}
		p.show(list, 1<<20, "next_page")
		a := readAnswer(t, p.answer(0, 1<<20, "next_page", nil))
		if len(a.rows) != len(records) {
			t.Fatalf("%d rows of %d records", len(a.rows), len(records))
		}
		for i, r := range records {
			if err := a.same(i, r); err != nil {
				t.Errorf("%d: %v\n%s", i, err, a.body)
			}
		}
	})
}

// twice reports whether an object has a name twice.
func twice(n node) bool {
	seen := map[string]bool{}
	for _, m := range n.members {
		if n.kind == '{' && seen[m.name] || twice(m.value) {
			return true
		}
		seen[m.name] = true
	}
	return false
}

func TestColumnsAreFew(t *testing.T) {
	var deep strings.Builder
	deep.WriteString(strings.Repeat(`{"a":`, 3000) + "1" + strings.Repeat("}", 3000))
	s := layOut(nodes(t, deep.String()), 1<<20, 1<<20)
	if len(s.rows) != 1 || strings.Count(s.header, ".") > maxDepth {
		t.Errorf("%q", s.header)
	}
	if slices.Contains(s.rows, "") {
		t.Error("an empty row")
	}
}

package paging

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// The ways in which the SDK may know what an operation declares.
const (
	byTable   = "table"
	byItself  = "described" // by the connector, which the table does not have
	byNothing = "unknown"
)

// A vendor serves records in the way that an operation declares.
type vendor struct {
	op    operation
	turns []Param
	all   int  // how many records there are
	size  int  // how many a page has unless asked
	limit int  // the most that a page may have
	said  bool // members without a value are null, not absent
	known string
}

// page returns the page that the parameters ask for: its records and metadata.
func (v vendor) page(params map[string]any) (from, to int, meta map[string]any) {
	size := v.size
	declared, _ := Lookup(v.op.Slug, v.op.Entities[0], v.op.Action)
	for _, p := range declared {
		if n, ok := integer(params[p.Name]); ok && p.Role == Size {
			size = int(n)
		}
	}
	size = min(size, v.limit)
	first := v.turns
	if len(first) > 0 {
		p := first[0]
		if got, ok := params[p.Name]; ok {
			from = v.all // what is not understood has no records
			n, number := integer(got)
			switch p.Role {
			case Count0:
				from = int(n) * size
			case Count1:
				from = (max(int(n), 1) - 1) * size
			case Offset:
				from = int(n)
			case LastID:
				if number {
					from = int(n)
				}
			case Cursor:
				text := fmt.Sprint(got)
				if i := strings.LastIndexAny(text, "-,"); i >= 0 {
					text = strings.Trim(text[i+1:], "]\"")
				}
				if m, ok := integer(text); ok && m >= 1000 {
					from = int(m) - 1000
				}
			}
		}
	}
	from = min(from, v.all)
	to = min(from+size, v.all)
	return from, to, v.metadata(from, to, size)
}

func (v vendor) metadata(from, to, size int) map[string]any {
	more := to < v.all
	meta := map[string]any{}
	at, page := fmt.Sprintf("t-%d", 1000+to), from/size
	name, value := "unheard_of", at
	if len(v.turns) > 0 {
		p := v.turns[0]
		name = p.Name
		if p.Integer {
			value = fmt.Sprint(1000 + to)
		}
		switch p.Role {
		case Count0:
			value = fmt.Sprint(page + 1)
		case Count1:
			value = fmt.Sprint(page + 2)
		case Offset, LastID:
			value = fmt.Sprint(to)
		}
	}
	path := "/v1/records/list?" + url.Values{name: {value}, "other": {"1"}}.Encode()
	next := map[string]any{"token": at, "digits": fmt.Sprint(1000 + to), "id": fmt.Sprintf("r-%d", 1000+to), "json-text": fmt.Sprintf(`["1","%d"]`, 1000+to),
		"url": "https://vendor.example" + path, "path": path}
	for member, form := range v.op.Metadata {
		form, members, _ := strings.Cut(form, ":")
		switch form {
		case "token", "digits", "id", "json-text", "url", "path":
			if more {
				meta[member] = next[form]
			} else if v.said {
				meta[member] = nil
			}
		case "page":
			meta[member] = page + 1
		case "page0":
			meta[member] = page
		case "offset":
			meta[member] = from
		case "limit":
			meta[member] = size
		case "size":
			meta[member] = to - from
		case "total":
			meta[member] = v.all
		case "estimate":
			meta[member] = v.all * 3
		case "pages":
			meta[member] = (v.all + size - 1) / size
		case "more":
			meta[member] = more
		case "last":
			meta[member] = !more
		case "flag":
			meta[member] = true
		case "text":
			meta[member] = "auto"
		case "first-path":
			meta[member] = "/v1/records/list?First=1"
		case "previous-url":
			meta[member] = "https://vendor.example/v1/records/list?page=1"
		case "links":
			list := []any{map[string]any{"rel": "self", "href": "https://vendor.example/v1"}}
			if more {
				list = append(list, map[string]any{"rel": "next", "href": next["url"]})
			}
			meta[member] = list
		case "other-links":
			meta[member] = []any{map[string]any{"rel": "self", "href": "https://vendor.example/v1"}, map[string]any{"rel": "parent", "href": "https://vendor.example/"}}
		case "start-token":
			if !more {
				meta[member] = "start-1"
			}
		case "object":
			if members == "offset,path,uri" { // of the next page
				if more {
					meta[member] = map[string]any{"offset": at, "path": path, "uri": next["url"]}
				} else if v.said {
					meta[member] = nil
				}
				break
			}
			meta[member] = map[string]any{"page": page + 1, "page_size": size, "total_number": v.all, "total_page": (v.all + size - 1) / size}
		default:
			panic("a form that the simulation does not know: " + form)
		}
	}
	return meta
}

// walk pages through the vendor and says how it went.
func (v vendor) walk(t *testing.T, params map[string]any) (outcome, detail string) {
	var in In
	if v.known == byTable {
		in.Declared, in.Known = Lookup(v.op.Slug, v.op.Entities[0], v.op.Action)
	}
	seen, came := make([]bool, v.all), 0
	for range 200 {
		from, to, meta := v.page(params)
		raw, err := json.Marshal(meta)
		if err != nil {
			t.Fatal(err)
		}
		in.Metadata, in.Params, in.Count, in.Last, in.Records = raw, params, to-from, fmt.Appendf(nil, `{"id":%d}`, to), fmt.Append(nil, from)
		out := Next(in)
		if out.Ask && v.known == byItself {
			in.Declared, in.Known = Declare(described(v.op)), true
			out = Next(in)
		}
		if !out.Drop {
			for i := from; i < to; i++ {
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
		case out.End && came < v.all:
			return "silent", fmt.Sprintf("%d of %d records, last metadata %s", came, v.all, raw)
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
func described(op operation) (list []Described) {
	for _, name := range slices.Sorted(maps.Keys(op.Params)) {
		words := strings.Fields(op.Params[name])
		d := Described{Name: name, Type: words[0]}
		if len(words) == 4 {
			d.Default = words[3]
		}
		list = append(list, d)
	}
	return list
}

func TestEveryOperation(t *testing.T) {
	for _, known := range []string{byTable, byItself, byNothing} {
		t.Run(known, func(t *testing.T) { everyOperation(t, known) })
	}
}

func everyOperation(t *testing.T, known string) {
	for _, sized := range []string{"default", "asked", "capped"} {
		for _, said := range []bool{false, true} {
			for _, last := range [][2]int{{5, 0}, {5, 1}, {1, 0}, {1, 1}, {0, 0}} { // the number of pages, and how many records the last one lacks
				t.Run(fmt.Sprintf("%s/null=%t/pages=%d/short=%d", sized, said, last[0], last[1]), func(t *testing.T) {
					pages, left := last[0], last[1]
					counts, paging, complete := map[string]int{}, 0, 0
					for _, op := range facts(t) {
						v := vendor{op: op, size: 4, limit: 1 << 30, said: said, known: known}
						params := map[string]any{}
						declared, _ := Lookup(op.Slug, op.Entities[0], op.Action)
						for _, p := range declared {
							switch {
							case p.Role.turns():
								v.turns = append(v.turns, p)
							case p.Role == Size && p.Known:
								v.size = int(p.Default)
							}
						}
						for _, p := range declared {
							if p.Role == Size && sized != "default" {
								params[p.Name] = float64(8) // as JSON has it
								if v.limit = 8; sized == "capped" {
									v.limit = 5
								}
							}
						}
						v.all = pages*min(v.limit, v.size) - left
						if sized != "default" && len(params) > 0 {
							v.all = pages*v.limit - left
						}
						tells := len(v.turns) > 0 || saysMore(op)
						if !tells {
							v.all = v.size // nothing pages: all records come at once
						}
						got, detail := v.walk(t, params)
						n := len(op.Entities)
						counts[got] += n
						if len(v.turns) > 0 {
							paging += n
							if got == "complete" {
								complete += n
							}
						}
						switch got {
						case "silent", "repeated", "endless":
							if got == "silent" && known != byTable && !saysMore(op) {
								continue // nothing tells that it pages
							}
							t.Errorf("%s %s %v: %s %s", op.Slug, op.Action, op.Entities[0], got, detail)
						case "loud":
							if len(v.turns) > 0 {
								t.Logf("%s %s %v: loud: %s", op.Slug, op.Action, op.Entities[0], detail)
							}
						}
					}
					t.Logf("%v; with a paging parameter, %d of %d are complete", counts, complete, paging)
					if known == byTable && complete*100 < paging*95 {
						t.Errorf("fewer than 95 %% are complete")
					}
				})
			}
		}
	}
}

// saysMore reports whether the metadata of an operation can show that there is more.
func saysMore(op operation) bool {
	for _, form := range op.Metadata {
		form, _, _ = strings.Cut(form, ":")
		if slices.Contains([]string{"token", "digits", "id", "json-text", "url", "path", "links", "object", "more", "last", "total"}, form) {
			return true
		}
	}
	return false
}

package paging

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"testing"
)

// FuzzNext tests what must hold for any metadata and any parameters of the caller: there
// is one verdict, the next request is never the one that was sent, and a connector that
// always answers the same does not keep the loop going.
func FuzzNext(f *testing.F) {
	for _, metadata := range []string{
		`{}`, `null`, `[]`, `{"next_cursor":"c"}`, `{"next":"https://x.test/v?page=3&cursor=a"}`, `{"page":1,"has_more":true,"total_pages":"9"}`, `{"next":{"next":{"next":{}}}}`,
		`{"paging":{"next":{"after":"c","link":"?after=c"}}}`, `{"offset":10,"limit":5,"total":100}`, `{"next_page":{"offset":"o9","path":"/x?offset=o9"}}`, `{"page":9223372036854775807,"pages":9223372036854775808}`,
		`{"next_page":4,"next_page":null}`, `{"startAt":0,"maxResults":50,"total":120,"isLast":false}`, `{"links":{"next":"?page%5Bnumber%5D=2"}}`, `{"next_offset":-1,"more":true}`, `{"has_more":"yes"}`,
	} {
		for i, params := range []string{`{}`, `{"page":1}`, `{"offset":2500000}`, `{"after":"2023-05-01"}`, `{"cursor":"c","limit":5}`, `{"page":9223372036854775807}`, `{"offset":1e300}`, `{"page":null}`} {
			f.Add(metadata, params, "cursor", uint8(i), i*5-1)
		}
	}
	roles := []Role{Cursor, Count0, Count1, Offset, LastID, Size, None}
	f.Fuzz(func(t *testing.T, metadata, params, name string, how uint8, count int) {
		in := In{Metadata: []byte(metadata), Count: count % 1000}
		if json.Unmarshal([]byte(params), &in.Params) != nil {
			return
		}
		if in.Count > 0 {
			in.Records, in.Last = []byte(`[{"id":7}]`), func() []byte { return []byte(`{"id":7}`) }
		}
		in.Count = max(in.Count, -1)
		role := roles[int(how)%len(roles)]
		declared := Param{Name: name, Role: role, Integer: how&64 != 0, Known: how&128 != 0, Default: int64(count), Fed: role == Cursor && count%2 == 0}
		switch how / 8 % 5 {
		case 1:
			in.Declared, in.Known = []Param{declared}, true
		case 2:
			in.Declared, in.Known = []Param{declared, {Name: "limit", Role: Size, Integer: true}}, true
		case 3:
			declared.Unsure = true
			in.Declared, in.Likely = nil, []Param{declared}
		case 4:
			in.Param = name
		}
		out, again := Next(in), Next(in)
		out.State, again.State = State{}, State{}
		if !reflect.DeepEqual(out, again) {
			t.Fatalf("first %+v, then %+v", out, again)
		}
		in.Params = maps.Clone(in.Params)
		if in.Params == nil {
			in.Params = map[string]any{}
		}
		for page := 1; ; page++ {
			out := Next(in)
			switch {
			case out.End && (out.Problem != Fine || len(out.Set) > 0), out.Problem != Fine && out.Why == "", out.Problem == Fine && out.Why != "":
				t.Fatalf("page %d: no clear verdict: %+v", page, out)
			case out.End || out.Problem != Fine:
				return
			case page > 110 && in.Count < 0: // nothing is known of the records
				return
			case page > 110:
				t.Fatalf("the same page for the %dth time, and now %v", page, out.Set)
			}
			at, counted := integer(in.Params[name])
			if to, ok := integer(out.Set[name]); ok && counted && in.Known && (role == Count0 || role == Count1 || role == Offset) && to <= at {
				t.Fatalf("page %d: from %d to %d", page, at, to)
			}
			sent, err := json.Marshal(in.Params)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(in.Params, out.Set)
			next, err := json.Marshal(in.Params)
			if err != nil {
				t.Fatalf("page %d: %v in %v", page, err, out.Set)
			}
			if bytes.Equal(sent, next) {
				t.Fatalf("page %d: the same request again: %s", page, next)
			}
			in.State = out.State
		}
	})
}

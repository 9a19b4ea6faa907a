package client

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// inner has fields of many types, so that many values do not fit.
type inner struct {
	ID   int                `json:"id"`
	Name string             `json:"name"`
	List []inner            `json:"list"`
	Map  map[string]float64 `json:"map"`
	At   time.Time          `json:"at"`
	Bad  rejecting          `json:"bad"`
	Wait time.Duration      `json:"wait"`
	Num  stdjson.Number     `json:"num"`
	Ptr  *[2]bool           `json:"ptr"`
}

var errRejected = errors.New("no")

// rejecting refuses every value after it has read some of it.
type rejecting struct{}

func (rejecting) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case 'n':
		return dec.SkipValue()
	case '[', '{':
		for n, depth := 0, dec.StackDepth(); n < 3 && (n == 0 || dec.StackDepth() > depth); n++ {
			if _, err := dec.ReadToken(); err != nil {
				return err
			}
		}
	case 't':
		return io.ErrUnexpectedEOF
	case 'f':
		return &jsontext.SyntacticError{Err: errRejected}
	}
	return errRejected
}

// misfits are JSON values. wrong is how many of their elements do not fit an
// inner.
var misfits = []struct {
	list        string
	rows, wrong int
}{
	{`[]`, 0, 0},
	{`[{}]`, 1, 0},
	{`[null]`, 1, 0},
	{`[1]`, 0, 1},
	{`["x",{},true,{},[],{},1.5,{},null]`, 5, 4},
	{`[[[[]]],{}]`, 1, 1},
	{`[{"id":"x"},{"id":1}]`, 1, 1},
	{`[{"id":{"id":{"id":[[],{}]}}},{"id":1}]`, 1, 1},
	{`[{"id":[1,2,{"a":[]}],"name":"x"},{"id":1}]`, 1, 1},
	{`[{"name":3,"id":"x","list":7,"map":[]},{"id":1}]`, 1, 1},
	{`[{"list":[{"list":[{"id":1},{"id":[]},{"id":3}],"x":1},{}],"y":{}},{"id":1}]`, 1, 1},
	{`[{"map":{"a":1,"b":"x","c":{"d":[]}}},{}]`, 1, 1},
	{`[{"at":"yesterday"},{"at":7},{"at":{}},{"at":"2026-01-02T03:04:05Z"}]`, 1, 3},
	{`[{"bad":[1,2,3,4]},{"bad":{"a":{"b":1}}},{"bad":{}},{"bad":[]},{"bad":"x"},{}]`, 1, 5},
	{`[{"bad":true},{"bad":false},{"bad":null}]`, 1, 2},
	{`[{"wait":"1s"},{"wait":1e30},{"num":true},{"num":[1]},{"wait":1,"num":2}]`, 1, 4},
	{`[{"ptr":[true,false]},{"ptr":[true,1]},{"ptr":[true]},{"ptr":[true,true,true]}]`, 1, 3},
	{`[{"id":1,"id":"x"},{"id":"x","id":1},{"id":1,"id":2}]`, 1, 2},
	{"[{\"name\":\"\xff\",\"\xff\":1},{\"\xff\":1,\"id\":\"\xff\"}]", 1, 1},
	{"[ { \"id\" : \"x\" } \n,\t{ } ]", 1, 1},
	{`[{"":{"":[{}]},"id":""}]`, 0, 1},
	{`[{"id":` + strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200) + `},{}]`, 1, 1},
}

// recordWise decodes an envelope with list as the result and the status at the
// end.
func recordWise(list string, wrap func(io.Reader) io.Reader) (envelope[pageRows], error) {
	var rows []inner
	e := envelope[pageRows]{Result: pageRows{action: "list", raw: enclosed(list), rows: reflect.ValueOf(&rows).Elem()}}
	err := json.UnmarshalRead(wrap(bytes.NewReader(enclosed(list))), &e, e.Result.decoding(nil))
	return e, err
}

func enclosed(list string) []byte {
	return []byte(`{"x":1,"result":` + list + `,"connector_metadata":{"next_cursor":"c"},"status":"done"}`)
}

func asItIs(r io.Reader) io.Reader { return r }

func TestTolerate(t *testing.T) {
	for _, tt := range misfits {
		for _, wrap := range []func(io.Reader) io.Reader{asItIs, iotest.OneByteReader} {
			e, err := recordWise(tt.list, wrap)
			if err != nil {
				t.Errorf("%s: %v", tt.list, err)
				continue
			}
			if wrong := len(e.Result.wrong); e.Result.rows.Len()-wrong != tt.rows || wrong != tt.wrong {
				t.Errorf("%s: %d rows, %d of them wrong; want %d and %d", tt.list, e.Result.rows.Len(), wrong, tt.rows+tt.wrong, tt.wrong)
			}
			if e.Status.v != "done" || string(e.Metadata) != `{"next_cursor":"c"}` {
				t.Errorf("%s: then the status is %q, the metadata %s", tt.list, e.Status.v, e.Metadata)
			}
		}
	}
}

// Input that is not JSON is not tolerated, wherever it breaks.
func TestTolerateKnowsWhatIsBroken(t *testing.T) {
	for _, tt := range misfits {
		for i := range tt.list {
			dec := jsontext.NewDecoder(strings.NewReader(tt.list[:i]), lenient)
			wrong, broken := tolerate(dec, func() error { return json.UnmarshalDecode(dec, new([]inner), familiar) })
			if broken == nil {
				t.Fatalf("%s: taken for a value, wrong: %v", tt.list[:i], wrong)
			}
		}
	}
	for _, text := range []string{`[{"id":"x" "name":1}]`, `[{"id":"x",}]`, `[{"id":[}]`, `[{"id":nul}]`, `[{"id":01}]`, `[{"name":"\x"}]`, `[{"id":"x"}}`, `[{id:1}]`} {
		if _, err := recordWise(text, asItIs); err == nil {
			t.Errorf("%s is taken for JSON", text)
		}
	}
	cut := errors.New("cut")
	for _, tt := range misfits {
		text := tt.list[:len(tt.list)-1]
		_, err := recordWise(text, func(io.Reader) io.Reader {
			return io.MultiReader(strings.NewReader(`{"result":`+text), iotest.ErrReader(cut))
		})
		if !errors.Is(err, cut) {
			t.Errorf("%s, cut: %v", text, err)
		}
	}
}

// FuzzTolerate tests that every element of any list is a row or an error, that
// each error has the bytes of its element, and that what follows the list is
// still read.
func FuzzTolerate(f *testing.F) {
	for _, tt := range misfits {
		f.Add(tt.list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		e, err := recordWise(list, asItIs)
		var elements []jsontext.Value
		if jsontext.Value(list).Kind() != '[' || json.Unmarshal([]byte(list), &elements, lenient) != nil {
			return // it must not panic; the result depends on what surrounds it
		}
		if err != nil {
			if strings.Contains(err.Error(), "depth") {
				return
			}
			t.Fatalf("%q: %v", list, err)
		}
		if e.Result.rows.Len() != len(elements) || e.Status.v != "done" {
			t.Fatalf("%q: %d rows of %d, then status %q", list, e.Result.rows.Len(), len(elements), e.Status.v)
		}
		last := -1
		for _, w := range e.Result.wrong {
			if w.Index <= last || w.Index >= len(elements) {
				t.Fatalf("%q: error about record %d after that of %d", list, w.Index, last)
			}
			last = w.Index
			if string(w.Raw) != string(elements[w.Index]) {
				t.Errorf("%q: record %d is %q, its error has %q", list, w.Index, elements[w.Index], w.Raw)
			}
			if err := json.Unmarshal(elements[w.Index], new(inner), familiar); err == nil {
				t.Errorf("%q: record %d fits by itself: %v", list, w.Index, w)
			}
		}
		if n := len(elements); n > 0 && string(e.Result.lastRecord()) != string(elements[n-1]) {
			t.Errorf("%q: the last record is %q", list, e.Result.lastRecord())
		}
		// Read as a whole, the list fits if and only if its records do.
		var all []inner
		whole := envelope[typedResult]{Result: typedResult{v: reflect.ValueOf(&all).Elem()}}
		if err := json.Unmarshal(enclosed(list), &whole, familiar); err != nil || whole.Status.v != "done" {
			t.Fatalf("%q: %v, then status %q", list, err, whole.Status.v)
		}
		switch wrong := whole.Result.wrong; {
		case (wrong != nil) != (len(e.Result.wrong) > 0):
			t.Errorf("%q: as a whole %v, record-wise %v", list, wrong, e.Result.wrong)
		case wrong != nil:
			if m, w := misfit(wrong, "/result", true), e.Result.wrong[0]; m.Index != w.Index || m.Field != w.Field {
				t.Errorf("%q: as a whole record %d, field %q; record-wise %d, %q", list, m.Index, m.Field, w.Index, w.Field)
			}
		}
	})
}

func TestLoose(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"a":"x","z":"end"}`, "x [] 0 end"},
		{`{"a":3,"z":"end"}`, " [] 0 end"},
		{`{"a":{"b":[1,{"c":{}}]},"z":"end"}`, " [] 0 end"},
		{`{"a":null,"b":null,"c":null,"z":"end"}`, " [] 0 end"},
		{`{"b":["x","y"],"z":"end"}`, " [x y] 0 end"},
		{`{"b":["x",3,"y"],"z":"end"}`, " [] 0 end"},
		{`{"b":"x","c":"7","z":"end"}`, " [] 0 end"},
		{`{"c":1e999,"z":"end"}`, " [] 0 end"},
		{`{"a":"x","a":4,"c":2.5,"z":"end"}`, " [] 2.5 end"},
	} {
		var v struct {
			A loose[string]   `json:"a"`
			B loose[[]string] `json:"b"`
			C loose[float64]  `json:"c"`
			Z string          `json:"z"`
		}
		err := json.Unmarshal([]byte(tt.text), &v, lenient)
		if got := fmt.Sprint(v.A.v, " ", v.B.v, " ", v.C.v, " ", v.Z); got != tt.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", tt.text, got, err, tt.want)
		}
	}
	var v struct {
		A loose[string] `json:"a"`
	}
	for _, text := range []string{`{"a":`, `{"a":[1`, `{"a":[1}`, `{"a":x}`} {
		if err := json.Unmarshal([]byte(text), &v, lenient); err == nil {
			t.Errorf("%s is taken for JSON", text)
		}
	}
}

func TestMoments(t *testing.T) {
	utc := func(s int, ns int) time.Time { return time.Date(2026, 1, 2, 3, 4, s, ns, time.UTC) }
	for _, tt := range []struct {
		text string
		want time.Time
	}{
		{`"2026-01-02T03:04:05Z"`, utc(5, 0)},
		{`"2026-01-02T03:04:05.123456789Z"`, utc(5, 123456789)},
		{`"2026-01-02T04:04:05+01:00"`, utc(5, 0)},
		{`"2026-01-02T03:04:05"`, utc(5, 0)},
		{`"2026-01-02T03:04:05.5"`, utc(5, 5e8)},
		{`"2026-01-02 03:04:05Z"`, utc(5, 0)},
		{`"2026-01-02 04:04:05.5+01:00"`, utc(5, 5e8)},
		{`"2026-01-02 03:04:05.25"`, utc(5, 25e7)},
		{`"2026-01-02"`, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
		{`"2026-01-02T03:04:05\u005a"`, utc(5, 0)},
		{`"0001-01-01T00:00:00Z"`, time.Time{}},
		{`""`, time.Time{}},
		{`"yesterday"`, time.Time{}},
		{`"2026-13-02"`, time.Time{}},
		{"\"\xff\"", time.Time{}},
		{`null`, time.Time{}},
		{`1767323045`, time.Time{}},
		{`{"at":["2026-01-02"]}`, time.Time{}},
		{`true`, time.Time{}},
	} {
		before := time.Unix(1, 0)
		v := struct {
			A moment    `json:"a"`
			B time.Time `json:"b"`
			Z string    `json:"z"`
		}{A: moment{before}, B: before}
		err := json.Unmarshal([]byte(`{"a":`+tt.text+`,"b":`+tt.text+`,"z":"end"}`), &v, moments)
		if err != nil || !v.A.Equal(tt.want) || !v.B.Equal(tt.want) || v.Z != "end" {
			t.Errorf("%s: %v, %v, then %q, %v; want %v", tt.text, v.A, v.B, v.Z, err, tt.want)
		}
	}
	for _, text := range []string{`{"a":"2026`, `{"a":`, `{"a":tru}`} {
		if err := json.Unmarshal([]byte(text), &struct {
			A moment `json:"a"`
		}{}, lenient); err == nil {
			t.Errorf("%s is taken for JSON", text)
		}
	}
}

// Types that contain familiar ones are found wherever they contain them, and
// only they are slower.
func TestNeedsFamiliar(t *testing.T) {
	type tree struct {
		Kids []*tree
		Name string
	}
	type branch struct {
		Tree *branch
		Wait map[string][]struct{ D [1]time.Duration }
	}
	for _, tt := range []struct {
		opts json.Options
		want bool
		name string
	}{
		{decodingOf(reflect.TypeFor[int64](), nil), false, "int64"},
		{decodingOf(reflect.TypeFor[tree](), nil), false, "tree"},
		{decodingOf(reflect.TypeFor[any](), nil), true, "any"},
		{decodingOf(reflect.TypeFor[[]map[string]any](), nil), true, "maps of anything"},
		{decodingOf(reflect.TypeFor[error](), nil), false, "another interface"},
		{decodingOf(reflect.TypeFor[time.Time](), nil), false, "time"},
		{decodingOf(reflect.TypeFor[stdjson.Number](), nil), true, "number"},
		{decodingOf(reflect.TypeFor[*branch](), nil), true, "branch"},
		{decodingOf(reflect.TypeFor[map[time.Duration]bool](), nil), true, "map"},
		{decodingOf(nil, nil), false, "nil"},
	} {
		if got := tt.opts == familiar; got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if decodingOf(reflect.TypeFor[int](), numbers) != numbers {
		t.Error("WithUseNumber counts for every type")
	}
}

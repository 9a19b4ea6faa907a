package jsonv1_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

type (
	named struct {
		A int               `json:"a,omitempty"`
		B string            `json:",omitempty"`
		C *int              `json:"c"`
		D time.Duration     `json:"d,string"`
		E []byte            `json:"e"`
		F [3]byte           `json:"f"`
		G map[string]any    `json:"g,omitempty"`
		H time.Time         `json:"h,omitzero"`
		I any               `json:"-"`
		J json.Number       `json:"j,omitempty"`
		K json.RawMessage   `json:"k,omitempty"`
		L []string          `json:"l"`
		M map[int]string    `json:"m"`
		N gen.Nullable[int] `json:"n,omitzero"`
		inner
	}
	inner  struct{ Inner, A string }
	byText struct{ s string }
	byJSON struct{ s string }
	atPtr  struct{ s string }
)

func (b byText) MarshalText() ([]byte, error) { return []byte(b.s), nil }
func (b byJSON) MarshalJSON() ([]byte, error) { return []byte(b.s), nil }
func (b *atPtr) MarshalJSON() ([]byte, error) { return []byte(`"at ` + b.s + `"`), nil }
func (b atPtr) String() string                { return "no" }
func number(s string) map[string]any {
	return map[string]any{"n": json.Number(s), "l": []any{json.Number(s)}}
}
func pointer[T any](v T) *T { return &v }
func deep(n int) (v any) {
	for range n {
		v = []any{v}
	}
	return v
}
func repeated(s string, n int) json.RawMessage { return json.RawMessage(strings.Repeat(s, n)) }

// What is sent must not depend on which encoder is linked.
func TestMarshalIsThatOfEncodingJSON(t *testing.T) {
	one := 1
	for _, v := range []any{
		nil, true, 1, -1.5, 1e21, 1e-7, float32(0.1), "x", "<a href='x'>&\u2028\u2029\x00\x7f\b\f\n", "\xff\xfe broken", math.MaxInt64, uint64(math.MaxUint64),
		math.NaN(), math.Inf(1), map[string]any{"f": math.NaN()}, complex(1, 2), make(chan int), func() {}, map[string]any{"c": make(chan int)},
		[]string(nil), []string{}, map[string]any(nil), map[string]any{}, (*int)(nil), &one, []byte(nil), []byte("bytes"), [3]byte{1, 2, 3}, [0]int{},
		map[string]any{"z": 1, "a": nil, "ä": []any{1, "x", nil, 2.5}, "<": map[string]string{"&": ">"}},
		map[int]string{10: "x", 9: "y"}, map[byText]int{{"k"}: 1}, map[bool]int{true: 1}, map[json.Number]int{"1": 1},
		number("1"), number("1.0"), number("9007199254740993"), number("1e400"), number("-0"), number(""), number("abc"), number("01"), number(" 1"), number("1 "), number("NaN"), number("-"), number("1 2"), number("+1"), number("1e"), number("1e+5"), number("[1]1"), number(`"1"`),
		json.Number("7"), pointer(json.Number("8")), []json.Number{"1", ""}, map[string]json.Number{"n": "5"},
		json.RawMessage(`{"b":1,"a":[ 1 , 2 ]}`), json.RawMessage(nil), json.RawMessage(``), json.RawMessage(`{"a":1,"a":2}`), json.RawMessage(`{`), json.RawMessage("\"\xff\""), json.RawMessage(`"<&>"`), json.RawMessage(" 1 "),
		map[string]any{"raw": json.RawMessage(`[1,{"x":"<"}]`)}, repeated("[", 20000),
		named{}, &named{A: 1, B: "b", C: &one, D: time.Second, E: []byte{1}, G: map[string]any{"x": 1}, H: time.Unix(1, 0).UTC(), J: "12", K: json.RawMessage("1"), L: []string{"l"}, M: map[int]string{1: "m"}, N: gen.Null[int](), inner: inner{Inner: "i", A: "hidden"}},
		named{N: gen.Value(0)}, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Minute, big.NewInt(12345678901234), netip.MustParseAddr("127.0.0.1"),
		byText{"<t>"}, byText{"\xff"}, byJSON{`{"b": 1}`}, byJSON{`no`}, byJSON{`{"a":1,"a":2}`}, atPtr{"x"}, &atPtr{"x"}, []atPtr{{"x"}}, map[string]atPtr{"k": {"x"}}, []*atPtr{nil},
		deep(100), gen.ExecuteRequest{Entity: "issues", Action: "list", Params: map[string]any{"per_page": 10, "q": "<x>"}}, gen.ConnectorUpdateRequest{}, gen.TokenRequest{ClientID: "a", ClientSecret: "b"},
	} {
		want, wantErr := json.Marshal(v)
		got, err := jsonv1.Marshal(v)
		want = bytes.ReplaceAll(want, []byte(`\ufffd`), []byte("\ufffd"))
		if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
			t.Errorf("%T:\ngot  %.200s %v\nwant %.200s %v", v, got, err, want, wantErr)
		}
	}
}

// Whatever JSON is read into an any is written as encoding/json writes it.
func FuzzMarshal(f *testing.F) {
	f.Add([]byte(`{"a":[1,1.5,1e100,"<",null,true,{"b":{}}]}`), true)
	f.Add([]byte(`{"a":123456789012345678901234567890}`), false)
	f.Fuzz(func(t *testing.T, data []byte, exact bool) {
		dec := json.NewDecoder(strings.NewReader(string(data)))
		if exact {
			dec.UseNumber()
		}
		var v any
		if dec.Decode(&v) != nil {
			return
		}
		want, wantErr := json.Marshal(v)
		got, err := jsonv1.Marshal(v)
		want = bytes.ReplaceAll(want, []byte(`\ufffd`), []byte("\ufffd"))
		if (err != nil) != (wantErr != nil) || string(got) != string(want) {
			t.Errorf("got  %s %v\nwant %s %v", got, err, want, wantErr)
		}
	})
}

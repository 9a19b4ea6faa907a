package client

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
)

type (
	textKey   struct{ s string }
	byPointer struct{ s string }
	spaced    struct{}
	aName     string
	tagged    struct {
		A     string            `json:"a,omitempty"`
		B     []int             `json:"b,omitempty"`
		C     map[string]int    `json:"c"`
		D     []string          `json:"d"`
		E     *int              `json:"e"`
		F     int64             `json:"f,string"`
		G     time.Time         `json:"g,omitzero"`
		H     any               `json:",omitempty"`
		I     bool              `json:"-"`
		K     [2]byte           `json:"k"`
		L     stdjson.Number    `json:"l"`
		M     map[textKey]int   `json:"m"`
		N     []byPointer       `json:"n"`
		O     map[int]byPointer `json:"o"`
		P     time.Duration     `json:"p"`
		Under                   // embedded
		*Below
		q int
	}
	Under struct {
		Z string
		A int `json:"a"`
	}
	Below struct{ Y float32 }
)

func (k textKey) MarshalText() ([]byte, error) {
	if k.s == "" {
		return nil, errors.New("no text")
	}
	return []byte("key:" + k.s), nil
}
func (p *byPointer) MarshalJSON() ([]byte, error) { return []byte(`"<` + p.s + `>"`), nil }
func (spaced) MarshalJSON() ([]byte, error)       { return []byte(` { "a" : [ 1 , "<" ] } `), nil }

// Requests are encoded as by encoding/json, and what it refuses is refused.
func TestEncodeAsEncodingJSON(t *testing.T) {
	n := 7
	loop := map[string]any{}
	loop["x"] = loop
	values := []any{
		nil, true, "", "a<b>&c\u2028\u2029\x00\x7f\t\"\\/é€😀", "bad \xff\xc3 utf-8", aName("x"), 1, -1, int8(-128), uint64(math.MaxUint64), int64(math.MinInt64),
		0.0, math.Copysign(0, -1), 1.5, 1e20, 1e21, 1e-6, 1e-7, 123456789.125, float32(0.1), float32(1e21), math.MaxFloat64, math.SmallestNonzeroFloat64,
		stdjson.Number(""), stdjson.Number("12345678901234567890.50"), stdjson.Number("-1e400"), stdjson.Number("0"),
		stdjson.RawMessage(nil), stdjson.RawMessage(`null`), stdjson.RawMessage(" [ 1.50 , \"<\u2028\" ,{\"b\":1,\"a\":2,\"b\":3} ] "), &[]stdjson.RawMessage{stdjson.RawMessage(`"\u00e9\/"`)},
		[]byte(nil), []byte{}, []byte("hello<"), [3]byte{1, 2, 3}, []int(nil), []int{}, [0]int{}, map[string]int(nil), map[string]int{}, []any{nil, 1, "x", []any{}, map[string]any{}},
		map[string]any{"b": 1, "a": map[string]any{"d": []string{"x"}, "c": nil}, "é": 1, "<": 2, "": 3},
		map[int]string{10: "a", 9: "b", -1: "c"}, map[uint8]bool{2: true}, map[aName]int{"z": 1, "a": 2}, map[textKey]int{{"b"}: 1, {"a"}: 2},
		time.Date(2024, 2, 29, 1, 2, 3, 450, time.FixedZone("", 3600)), time.Time{}, time.Second, netip.MustParseAddr("::1"), []time.Duration{1, 2},
		&n, (*int)(nil), (*byPointer)(nil), &byPointer{"x"}, byPointer{"x"}, []*byPointer{{"x"}, nil}, spaced{}, &spaced{}, []any{spaced{}, &byPointer{"y"}},
		tagged{}, &tagged{A: "x", B: []int{1}, C: map[string]int{"z": 1}, D: []string{}, E: &n, F: 5, G: time.Unix(0, 0).UTC(), H: 0, L: "1.0", N: []byPointer{{"n"}}, O: map[int]byPointer{1: {"o"}}, Below: &Below{Y: 1}, q: 1},
		struct {
			X any `json:"x,omitempty"`
		}{[]int{}},
		strings.Repeat("x", 100_000),
		// refused
		math.NaN(), math.Inf(1), float32(math.Inf(-1)), make(chan int), func() {}, 1i, map[bool]int{true: 1}, map[textKey]int{{}: 1}, loop,
		stdjson.Number("1x"), stdjson.Number("01"), stdjson.Number("NaN"), stdjson.RawMessage(`{`), stdjson.RawMessage(``), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		struct{ C chan int }{},
	}
	for _, v := range values {
		for _, in := range []any{v, map[string]any{"v": v}, []any{v}, &v, struct{ V any }{v}} {
			want, wantErr := stdjson.Marshal(in)
			got, err := encode(in)
			want = bytes.ReplaceAll(want, []byte(`\ufffd`), []byte("\ufffd")) // the same text
			if string(got) != string(want) || (err == nil) != (wantErr == nil) {
				t.Errorf("%T %.80v: %.300s, %v; want %.300s, %v", in, in, got, err, want, wantErr)
			}
		}
	}
}

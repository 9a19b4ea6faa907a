package client

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// The request for an execution is the one that the contract says.
func TestExecuteRequest(t *testing.T) {
	const id = "11111111-2222-3333-4444-555555555555"
	for _, base := range []string{"https://api.test", "https://api.test:8443/a/b", "https://api.test/a%2Fb/", "http://127.0.0.1:1"} {
		c, err := New(WithBaseURL(base), WithTokenSource(auth.Static("token")))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []*execution{
			newExecution("issues", "list", nil, nil),
			newExecution("issues", "list", Params{"a": "<ä>", "b": []any{1, nil}}, []ExecuteOption{WithSelectFields("x"), WithExcludeFields("y"), WithIntent("why"), WithTruncation()}),
		} {
			body, err := x.wire()
			if err != nil {
				t.Fatal(err)
			}
			ours, err := executeRequest(c.server, id, body)
			if err != nil {
				t.Fatal(err)
			}
			want, err := gen.NewExecuteConnectorRequest(c.server, id, &gen.ExecuteConnectorParams{}, body)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := describeRequest(t, ours), describeRequest(t, want); a != b {
				t.Errorf("%s\nwant %s", a, b)
			}
			if !reflect.DeepEqual(ours.URL, want.URL) {
				t.Errorf("%#v, want %#v", ours.URL, want.URL)
			}
		}
	}
}

func describeRequest(t *testing.T, req *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	again, err := req.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	second, err := io.ReadAll(again)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(req.Method, req.URL, req.Host, req.Header, req.ContentLength, string(body), string(second))
}

// A length is that of the first object or array.
func TestLengthOf(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `]`: 0, `1,2]`: 0, `"a"]`: 0, `null]`: 0, `{}]`: 2, `[]]`: 2, `{"a":{"b":[1]},"c":2},{}`: 21, `{"a":"}"}]`: 9, `{"a":"\"}\\"}]`: 13, `{"a":`: 0, `{"a":"}`: 0,
	} {
		if got := lengthOf([]byte(text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// There is room for as many elements as there are, and not more than the text allows.
func TestMakeRoom(t *testing.T) {
	type record struct{ A, B, C, D, E string } // 80 bytes
	type custom struct{ jsontext.Value }
	short, long := `{"A":1}`, `{"A":"`+strings.Repeat("x", 993)+`"}`
	list := func(n int, s string) string { return ` : [ ` + strings.TrimSuffix(strings.Repeat(s+",", n), ",") + `]` }
	for _, test := range []struct {
		text     string
		into     any
		from, to int // the room
	}{
		{list(100, long), new([]record), 100, 120},
		{list(100, short), new([]record), 1, 20}, // no more than the text takes
		{list(100, short), new([]*record), 90, 120},
		{list(0, ""), new([]record), 0, 0},
		{list(9, `1`), new([]int), 0, 0},
		{list(9, short), new([9]record), 0, 9},
		{list(9, short), new(record), 0, 0},
		{list(9, short), new([]byte), 0, 0},
		{list(9, short), new(jsontext.Value), 0, 0},
		{list(9, short), new(custom), 0, 0},
		{list(9, short), new([]struct{}), 9, math.MaxInt},
		{``, new([]record), 0, 0},
		{short, new([]record), 0, 0},
	} {
		v := reflect.ValueOf(test.into).Elem()
		makeRoom([]byte(test.text), v)
		room := 0
		if v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
			room = v.Cap()
		}
		if room < test.from || room > test.to {
			t.Errorf("%T: room for %d, want %d to %d", test.into, room, test.from, test.to)
		}
	}
	kept := make([]record, 2, 5)
	makeRoom([]byte(list(100, long)), reflect.ValueOf(&kept).Elem())
	if len(kept) != 2 || cap(kept) != 5 {
		t.Errorf("a slice of %d with room for %d is now one of %d with room for %d", 2, 5, len(kept), cap(kept))
	}
}

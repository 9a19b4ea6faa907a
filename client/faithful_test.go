package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// decodings calls f for every way to decode the records of a list into Ts.
func decodings[T any](t *testing.T, list string, f func(way string, rows []T, err error), opts ...client.ExecuteOption) {
	t.Helper()
	ctx := t.Context()
	page := func() *client.Connector {
		conn, _ := things(t, ok(list))
		return conn
	}
	for way, seq := range map[string]func(func(T, error) bool){
		"All": client.All[T](ctx, page(), "things", "list", nil, opts...),
		"Rows": func(yield func(T, error) bool) {
			r, err := page().Execute(ctx, "things", "list", nil, opts...)
			if err != nil {
				yield(*new(T), err)
				return
			}
			client.Rows[T](r)(yield)
		},
		"Search": func(yield func(T, error) bool) {
			conn, _ := things(t, says(http.StatusOK, `{"status":"success","result":{"data":`+list+`,"meta":{}}}`))
			client.Search[T](ctx, conn, "things", client.Query{}, opts...)(yield)
		},
	} {
		var rows []T
		var first error
		for v, err := range seq {
			if rows = append(rows, v); first == nil {
				first = err
			}
		}
		f(way, rows, first)
	}
	rows, _, err := client.Execute[[]T](ctx, page(), "things", "list", nil, opts...)
	f("Execute", rows, err)
	r, err := page().Execute(ctx, "things", "list", nil, opts...)
	if err == nil {
		rows = nil
		err = r.Decode(&rows)
	}
	f("Decode", rows, err)
}

// member returns what is at the path in a value that was decoded into an any.
func member(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if len(list) <= step {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

// Of two members with one name, the last one replaces the first, whatever both are.
func TestDuplicateNamesReplace(t *testing.T) {
	values := []string{`3`, `"x"`, `null`, `true`, `{"a":1}`, `{"c":2}`, `{"a":{"b":[1]}}`, `[0]`, `[]`, `{}`, `[{"a":1},{"c":2}]`, `1.5`}
	for _, first := range values {
		for _, last := range values {
			var want any
			if err := json.Unmarshal([]byte(last), &want); err != nil {
				t.Fatal(err)
			}
			list := `[{"v":` + first + `,"v":` + last + `,"in":{"in":[{"v":` + first + `,"v":` + last + `}]}}]`
			check := func(way string, rows any, err error) {
				got := []any{member(rows, 0, "v"), member(rows, 0, "in", "in", 0, "v")}
				if err != nil || !reflect.DeepEqual(got, []any{want, want}) {
					t.Errorf("%s of %s: %v, %v", way, list, got, err)
				}
			}
			decodings(t, list, func(way string, rows []any, err error) { check(way+" into any", rows, err) })
			decodings(t, list, func(way string, rows []map[string]any, err error) {
				var all []any
				for _, r := range rows {
					all = append(all, r)
				}
				check(way+" into maps", all, err)
			})
			decodings(t, list, func(way string, rows []struct {
				V  any            `json:"v"`
				In map[string]any `json:"in"`
			}, err error) {
				check(way+" into structs", []any{map[string]any{"v": rows[0].V, "in": rows[0].In}}, err)
			})
		}
	}
}

// Numbers are exact wherever WithUseNumber promises them, and as close as a float64 is
// without it.
func TestUseNumberIsExact(t *testing.T) {
	const exact = "9007199254740993"
	list := `[{"v":` + exact + `,"in":[{"v":` + exact + `}]}]`
	decodings(t, list, func(way string, rows []any, err error) {
		for _, got := range []any{member(rows, 0, "v"), member(rows, 0, "in", 0, "v")} {
			if err != nil || got != json.Number(exact) {
				t.Errorf("%s: %#v, %v", way, got, err)
			}
		}
	}, client.WithUseNumber())
	decodings(t, list, func(way string, rows []any, err error) {
		if got := member(rows, 0, "in", 0, "v"); err != nil || got != 9007199254740992.0 {
			t.Errorf("%s without it: %#v, %v", way, got, err)
		}
	})
	decodings(t, `[{"in":[1e999]}]`, func(way string, _ []any, err error) {
		if r := record(t, err); r.Field != "in.0" || strings.Contains(err.Error(), "999") {
			t.Errorf("%s of what is no float64: field %q of %v", way, r.Field, err)
		}
	})
}

var errStrict = errors.New("told by the type")

// strictly refuses texts, and quotes them.
type strictly struct{}

func (strictly) UnmarshalText(b []byte) error { return fmt.Errorf("%w: not %q", errStrict, b) }

// strictJSON does so with JSON.
type strictJSON struct{}

func (*strictJSON) UnmarshalJSON(b []byte) error { return fmt.Errorf("%w: not %s", errStrict, b) }

// strictFrom does so with a decoder, without the error of which nobody knows the place.
type strictFrom struct{}

func (*strictFrom) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: not %s", errStrict, v)
}

// wantNoValue checks that the error of decoding rows into Ts has no value in it, and
// that the decoder's own error can be found.
func wantNoValue[T any](t *testing.T, value string) {
	t.Helper()
	decodings(t, `[{"v":`+value+`}]`, func(way string, _ []struct {
		V T `json:"v"`
	}, err error) {
		text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
		for inner := err; inner != nil; inner = errors.Unwrap(inner) {
			text += inner.Error()
		}
		var own *jsonv2.SemanticError
		if err == nil {
			t.Fatalf("%s of %s into %T: no error", way, value, *new(T))
		}
		if r := record(t, err); strings.Contains(text, "4711") || strings.Contains(r.Err.Error(), "4711") || !strings.Contains(text, "field v") {
			t.Errorf("%s of %s into %T: %v", way, value, *new(T), err)
		}
		if !errors.As(err, &own) {
			t.Errorf("%s of %s into %T: the decoder's error is lost", way, value, *new(T))
		}
	})
}

func TestNoValueInErrors(t *testing.T) {
	wantNoValue[time.Time](t, `"4711-x"`)
	wantNoValue[time.Duration](t, `"4711"`)
	wantNoValue[int8](t, `4711`)
	wantNoValue[int](t, `47.11e4711`)
	wantNoValue[float64](t, `4711e999`)
	wantNoValue[bool](t, `"4711"`)
	wantNoValue[[]byte](t, `"4711!"`)
	wantNoValue[[1]int](t, `[4711,4711]`)
	wantNoValue[map[int]int](t, `{"x":4711}`) // names are named
	wantNoValue[strictly](t, `"4711"`)
	wantNoValue[strictJSON](t, `4711`)
	wantNoValue[*strictJSON](t, `{"a":4711}`)
	wantNoValue[[]strictFrom](t, `[4711]`)
	conn, _ := things(t, ok(`["x"]`))
	if _, _, err := client.Execute[[]strictly](t.Context(), conn, "things", "list", nil); !errors.Is(err, errStrict) {
		t.Errorf("the error of the type is lost: %v", err)
	}
	if text := new(client.RecordError).Error(); text != "record 0 does not fit" {
		t.Errorf("the zero error says %q", text)
	}
}

// An error of syntax says where it is and what was found, and shows no record.
func TestSyntaxErrorsSayWhere(t *testing.T) {
	rows := strings.Repeat(`{"x":"4711"},`, 4000)
	decodings(t, `[`+rows+`{"x":NaN}]`, func(way string, _ []any, err error) {
		wantKinds(t, err, "ErrBadResponse")
		wantText(t, err, "not JSON: at byte", "/4000/x: invalid character 'N'")
		var own *jsontext.SyntacticError
		if !errors.As(err, &own) || strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: %v", way, err)
		}
	})
	_, err := newClient(t, serve(t, says(200, `{"data":[{"name":"4711"},{"name":.5}]}`))).DefaultWorkspace().ListConnectors(t.Context())
	wantText(t, err, "not JSON: at byte 33, in /data/1/name: invalid character '.'")
}

// A byte order mark before JSON means nothing, however it arrives.
func TestByteOrderMark(t *testing.T) {
	for _, by := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader} {
		answer := func(status int, text string, headers ...string) reply {
			return sends(status, func(*http.Request) io.Reader { return by(strings.NewReader("\ufeff" + text)) }, -1, headers...)
		}
		for _, w := range waysTo[row]() {
			conn, _ := things(t, answer(200, success(`[{"id":7}]`, `{}`)))
			if err := w.run(t.Context(), conn); err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
		}
		if got, err := newClient(t, serve(t, answer(200, `{"data":[{"name":"x"}]}`))).DefaultWorkspace().ListConnectors(t.Context()); err != nil || len(got) != 1 {
			t.Errorf("%v, %v", got, err)
		}
		wantText(t, read(t.Context(), newClient(t, serve(t, answer(422, `{"message":"no such entity"}`)))), ": no such entity")
		d, err := connectorOf(newClient(t, serve(t, answer(200, "a,b\n", "Content-Type", "text/csv")))).Download(t.Context(), "files", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if b, err := io.ReadAll(d); string(b) != "\ufeffa,b\n" || err != nil {
			t.Errorf("a file is %q, %v", b, err)
		}
	}
	for _, text := range []string{"\ufeff", "\xef\xbb[]", "\ufeffx"} {
		if err := read(t.Context(), newClient(t, serve(t, says(200, text)), client.WithMaxRetries(0))); err == nil {
			t.Errorf("%q is taken for JSON", text)
		}
	}
	// Other characters begin with the same bytes.
	wantText(t, read(t.Context(), newClient(t, serve(t, says(400, "！no", "Content-Type", "text/plain")))), "！no")
	wantText(t, read(t.Context(), newClient(t, serve(t, says(400, "\ufeee", "Content-Type", "text/plain")))), "\ufeee")
}

// A record that is nested too deeply spoils only itself.
func TestRecordThatIsTooDeep(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`[`, n) + `"\"]"` + strings.Repeat(`]`, n) }
	list := `[{"id":1},` + deep(20_000) + `,{"id":2,"x":` + deep(9_000) + `},{"x":{"y":` + deep(11_000) + `}},{"id":"3"},{"id":4} , ` + deep(10_001) + `]`
	decodings(t, list, func(way string, rows []row, err error) {
		switch way {
		case "Execute":
			wantText(t, err, "nested too deeply: at byte 10")
			return
		case "Decode":
			record(t, err)
			return
		}
		if len(rows) != 7 || rows[0].ID != 1 || rows[2].ID != 2 || rows[5].ID != 4 {
			t.Errorf("%s: %v", way, rows)
		}
		if r := record(t, err); r.Index != 1 || string(r.Raw) != deep(20_000) || !strings.Contains(err.Error(), "record 1 does not fit: it is nested more than 10,000 levels deep") {
			t.Errorf("%s: %v", way, err)
		}
	})
	conn, _ := things(t, ok(list))
	var wrong []int
	for _, err := range client.All[row](t.Context(), conn, "things", "list", nil) {
		if err != nil {
			wrong = append(wrong, record(t, err).Index)
		}
	}
	if fmt.Sprint(wrong) != "[1 3 4 6]" {
		t.Errorf("wrong records: %v", wrong)
	}
	conn, _ = things(t, ok(list))
	if r, err := conn.Execute(t.Context(), "things", "list", nil); err != nil || string(r.Data) != list {
		t.Errorf("the data is not what was sent: %v", err)
	}
	conn, _ = things(t, ok(list))
	r, err := conn.Execute(t.Context(), "things", "list", client.Params{"offset": 0, "limit": 7}, client.WithPageParam("offset"))
	if err != nil {
		t.Fatal(err)
	}
	if next, err := r.NextParams(t.Context()); err != nil || fmt.Sprint(next) != "map[limit:7 offset:7]" {
		t.Errorf("what follows a page with such records: %v, %v", next, err)
	}
}

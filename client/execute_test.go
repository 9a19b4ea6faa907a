package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// things returns a connector whose executions get the replies, one after the
// other.
func things(t testing.TB, replies ...reply) (*client.Connector, *stub) {
	t.Helper()
	s := serve(t, replies...)
	return connectorOf(newClient(t, s, client.WithMaxRetries(0))), s
}

// A way is one of the ways to execute an action. All of them read the same
// envelope.
type way struct {
	name string
	run  func(context.Context, *client.Connector) error
}

// waysTo returns the ways to list things as Ts.
func waysTo[T any]() []way {
	return []way{
		{"Execute", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Execute(ctx, "things", "list", nil)
			return err
		}},
		{"Execute[[]T]", func(ctx context.Context, c *client.Connector) error {
			_, _, err := client.Execute[[]T](ctx, c, "things", "list", nil)
			return err
		}},
		{"Execute[[]T] with raw data", func(ctx context.Context, c *client.Connector) error {
			_, _, err := client.Execute[[]T](ctx, c, "things", "list", nil, client.WithRawData())
			return err
		}},
		{"All", func(ctx context.Context, c *client.Connector) error {
			for _, err := range client.All[T](ctx, c, "things", "list", nil) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
	}
}

// record returns what err says about a record that does not fit.
func record(t testing.TB, err error) *client.RecordError {
	t.Helper()
	asError(t, err) // as for any error of a call
	var r *client.RecordError
	if !errors.As(err, &r) {
		t.Fatalf("%v holds no *RecordError", err)
	}
	return r
}

// Data and Metadata are what was sent, however the bytes arrive.
func TestExecuteDataIsWhatWasSent(t *testing.T) {
	long := `[` + strings.TrimSuffix(strings.Repeat("{\"id\" :\t1.50, \"s\":\"\\u00e9 \xff\"} ,\n ", 5000), ",\n ") + `]`
	for _, data := range []string{
		`[]`, `{}`, `null`, `0`, `-1.50e+3`, `"a, b: c"`, `true`, ` [ ] `, `{"a":{"b":[1 , 2]}}`, `[9007199254740993,1e400]`, `{"a":1,"a":2}`, long,
	} {
		const metadata = `{ "page":1.0,  "next_cursor":"c", "a":1, "a":2 }`
		for _, order := range []string{
			`{"status":"success","result":` + data + `,"connector_metadata":` + metadata + `}`,
			`{"connector_metadata":` + metadata + `, "x":[], "result" :` + data + ` ,"status":"success" } `,
		} {
			for name, by := range map[string]func(io.Reader) io.Reader{
				"at once": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "end with data": iotest.DataErrReader,
			} {
				conn, _ := things(t, sends(http.StatusOK, func(*http.Request) io.Reader { return by(strings.NewReader(order)) }, -1))
				r, err := conn.Execute(t.Context(), "things", "list", nil)
				if err != nil {
					t.Fatalf("%.80s, %s: %v", order, name, err)
				}
				if got, want := string(r.Data), strings.Trim(data, " "); got != want {
					t.Errorf("%.80s, %s: data is %.80q", order, name, got)
				}
				wantPage(t, r, "c")
				if string(r.Metadata) != metadata {
					t.Errorf("%.80s, %s: metadata is %q", order, name, r.Metadata)
				}
			}
		}
	}
}

// wantPage checks that there is a next page, at cursor.
func wantPage(t testing.TB, r *client.Result, cursor string) {
	t.Helper()
	if !r.Page().HasNext || r.Page().Cursor != cursor {
		t.Errorf("page %+v, want one with cursor %q", r.Page(), cursor)
	}
}

// Small parts do not keep the bytes of a large result in memory.
func TestExecuteMetadataIsACopy(t *testing.T) {
	conn, _ := things(t, says(http.StatusOK, `{"status":"success","connector_metadata":{"a":1},"result":"`+strings.Repeat("x", 1<<20)+`"}`))
	r, err := conn.Execute(t.Context(), "things", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	if cap(r.Metadata) > 1024 {
		t.Errorf("the metadata of %d bytes has room for %d", len(r.Metadata), cap(r.Metadata))
	}
	for i := range r.Data {
		r.Data[i] = '#'
	}
	if string(r.Metadata) != `{"a":1}` {
		t.Errorf("metadata %s", r.Metadata)
	}
}

func TestExecuteEnvelope(t *testing.T) {
	utc := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name, members string
		want          client.Result
	}{
		{"nothing", ``, client.Result{}},
		{"nulls", `,"connector_metadata":null,"execution_metadata":null,"warning":null,"error":null,"message":null`, client.Result{Metadata: json.RawMessage("null")}},
		{"execution", `,"execution_metadata":{"connector_instance_id":"source_id:` + stubID + `","execution_time_ms":1500}`, client.Result{ConnectorID: stubID, Duration: 1500 * time.Millisecond}},
		{"id as it is", `,"execution_metadata":{"connector_instance_id":"` + stubID + `","execution_time_ms":0.5}`, client.Result{ConnectorID: stubID, Duration: 500 * time.Microsecond}},
		{"execution is text", `,"execution_metadata":"fast"`, client.Result{}},
		{"execution is a list", `,"execution_metadata":[{"execution_time_ms":3}]`, client.Result{}},
		{"time is text", `,"execution_metadata":{"connector_instance_id":"i","execution_time_ms":"3"}`, client.Result{ConnectorID: "i"}},
		{"id is an object", `,"execution_metadata":{"connector_instance_id":{"id":[1]},"execution_time_ms":3}`, client.Result{Duration: 3 * time.Millisecond}},
		{"time beyond all", `,"execution_metadata":{"execution_time_ms":1e300}`, client.Result{}},
		{"time beyond float64", `,"execution_metadata":{"execution_time_ms":1e400,"connector_instance_id":"i"}`, client.Result{ConnectorID: "i"}},
		{"negative time", `,"execution_metadata":{"execution_time_ms":-5}`, client.Result{}},
		{"warning", `,"warning":{"code":"paused","message":"m","stale_since":"2026-01-02T03:04:05Z","status_url":"/s"}`, client.Result{Warning: &client.Warning{Code: "paused", Message: "m", StaleSince: utc, StatusURL: "/s"}}},
		{"warning of other types", `,"warning":{"code":7,"message":"m","stale_since":{"at":1},"deactivated_at":17}`, client.Result{Warning: &client.Warning{Message: "m"}}},
		{"warning is a list", `,"warning":[{"code":"paused"}]`, client.Result{}},
		{"warning is text", `,"warning":"paused"`, client.Result{Warning: &client.Warning{Message: "paused"}}},
		{"warning is empty", `,"warning":""`, client.Result{}},
		{"metadata is a list", `,"connector_metadata":[{"has_more":true}]`, client.Result{Metadata: json.RawMessage(`[{"has_more":true}]`)}},
		{"metadata is text", `,"connector_metadata":"has_more"`, client.Result{Metadata: json.RawMessage(`"has_more"`)}},
		{"success with words", `,"message":"done","error":"","errors":[]`, client.Result{}},
		{"names twice", `,"status":"error","status":"success","connector_metadata":1,"connector_metadata":2`, client.Result{Metadata: json.RawMessage("2")}},
		{"names in another case", `,"Warning":{"code":"x"},"STATUS":"error"`, client.Result{}},
		{"invalid UTF-8", ",\"a\xffb\":\"\xff\",\"warning\":{\"code\":\"\xff\"}", client.Result{Warning: &client.Warning{Code: "\ufffd"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, _ := things(t, says(http.StatusOK, `{"status":"success","result":[{"id":1}]`+tt.members+`}`))
			r, err := conn.Execute(t.Context(), "things", "list", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, typed, err := client.Execute[[]row](t.Context(), conn, "things", "list", nil)
			if err != nil {
				t.Fatal(err)
			}
			if string(r.Data) != `[{"id":1}]` || typed.Data != nil {
				t.Errorf("data %s, of the typed one %s", r.Data, typed.Data)
			}
			for _, got := range []*client.Result{r, typed} {
				plain := client.Result{Metadata: got.Metadata, Warning: got.Warning, Duration: got.Duration, ConnectorID: got.ConnectorID}
				if !reflect.DeepEqual(plain, tt.want) || got.Status != "success" {
					t.Errorf("got  %+v\nwant %+v", plain, tt.want)
				}
			}
			for _, w := range waysTo[row]() {
				if err := w.run(t.Context(), conn); err != nil {
					t.Errorf("%s: %v", w.name, err)
				}
			}
		})
	}
}

// The status also decides if the result does not fit, however deep the mismatch
// is, and the reason is taken from wherever there is one.
func TestExecuteReason(t *testing.T) {
	deep := strings.Repeat(`{"id":[`, 500) + strings.Repeat(`]}`, 500)
	results := map[string]string{
		"none": ``, "null": `"result":null,`, "fits": `"result":[{"id":1}],`, "text": `"result":"a text",`, "object": `"result":{"id":{"id":{}}},`,
		"misfit": `"result":[{"id":1},{"id":{"a":[1,{"b":2}]}},{"id":"x"}],`, "deep": `"result":[` + deep + `,{"id":1}],`,
	}
	for _, tt := range []struct{ name, status, reason, code, message string }{
		{name: "no reason", status: "failed", message: "the action ended with status failed"},
		{name: "strange status", status: `re\nfused`, message: "the action ended with status re fused"},
		{name: "other spelling", status: "Success", message: "the action ended with status Success"},
		{name: "text", status: "error", reason: `"error":"gone"`, message: "gone"},
		{name: "object", status: "error", reason: `"error":{"message":"gone","code":"E7"}`, code: "E7", message: "gone"},
		{name: "message", status: "error", reason: `"message":"gone"`, message: "gone"},
		{name: "message beside null", status: "error", reason: `"error":null,"message":"gone"`, message: "gone"},
		{name: "message beside a flag", status: "error", reason: `"error":true,"message":"gone"`, message: "gone"},
		{name: "message beside a code", status: "error", reason: `"error":{"code":"E7"},"message":"gone"`, code: "E7", message: "gone"},
		{name: "both", status: "error", reason: `"error":"gone","message":"sorry"`, message: "gone"},
		{name: "list", status: "error", reason: `"error":["gone",{"field":"a","message":"bad","error_code":"E7"}]`, code: "", message: "gone; a: bad"},
		{name: "empty list", status: "error", reason: `"error":[],"message":{"message":"gone","code":"E8"}`, code: "E8", message: "gone"},
		{name: "of other types", status: "error", reason: `"error":3,"message":false`, message: "the action ended with status error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason != "" {
				tt.reason = "," + tt.reason
			}
			for name, result := range results {
				for _, text := range []string{
					`{"status":"` + tt.status + `",` + result + `"connector_metadata":{}` + tt.reason + `}`,
					`{` + result + `"connector_metadata":{}` + tt.reason + `,"status":"` + tt.status + `"}`,
				} {
					conn, _ := things(t, says(http.StatusOK, text, "X-Request-Id", "r-1"))
					for _, w := range waysTo[row]() {
						err := w.run(t.Context(), conn)
						e := asError(t, err)
						wantKinds(t, err, "ErrExecution")
						if e.StatusCode != http.StatusOK || e.Message != tt.message || e.Code != tt.code || e.RequestID != "r-1" || e.Attempts != 1 {
							t.Errorf("%s, result %s: status %d, message %q, code %q", w.name, name, e.StatusCode, e.Message, e.Code)
						}
						if r := new(client.RecordError); errors.As(err, &r) {
							t.Errorf("%s, result %s: the error is one of decoding: %v", w.name, name, err)
						}
					}
				}
			}
		})
	}
}

func TestExecuteAnswersThatAreNoEnvelope(t *testing.T) {
	for _, tt := range []struct{ name, kind, text, message string }{
		{"empty", "", ``, "empty"},
		{"empty page", "text/html", ``, "empty"},
		{"blank", "", " \n", "incomplete"},
		{"object", "", `{}`, "no status"},
		{"null", "", `null`, "no status"},
		{"null status", "", `{"status":null,"result":[]}`, "no status"},
		{"number as status", "", `{"status":3,"result":[]}`, "no status"},
		{"list as status", "", `{"status":["success"],"result":[]}`, "no status"},
		{"list", "", `[]`, "not that of an execution"},
		{"text", "", `"x"`, "not that of an execution"},
		{"number", "", `3`, "not that of an execution"},
		{"page", "text/html", `<!doctype html><title>Sign in</title>`, "not JSON but text/html: Sign in"},
		{"page that says it is JSON", "", `<title>Sign in</title>`, "not JSON"},
		{"nothing but a brace", "", `{`, "incomplete"},
		{"cut in the result", "", `{"status":"success","result":[{"id":1},{"id"`, "incomplete"},
		{"cut in a misfit", "", `{"status":"success","result":[{"id":"x"},{"id"`, "incomplete"},
		{"cut in a number", "", `{"status":"success","result":[1`, "incomplete"},
		{"cut at the end", "", `{"status":"success","result":[]`, "incomplete"},
		{"more behind", "", success(`[]`, `{}`) + `x`, "not JSON"},
		{"a second one", "", success(`[]`, `{}`) + "\n" + success(`[]`, `{}`), "not JSON"},
		{"comma", "", `{"status":"success","result":[{"id":1},]}`, "not JSON: at byte 3"},
		{"NaN", "", `{"status":"success","result":[{"id":1},{"id":NaN}]}`, "not JSON: at byte 45, in /result/1/id: invalid character 'N' at start of value"},
		{"error of the service", "", `{"message":"who are you"}`, "who are you"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			if tt.kind != "" {
				headers = []string{"Content-Type", tt.kind}
			}
			conn, _ := things(t, says(http.StatusOK, tt.text, headers...))
			for _, w := range waysTo[row]() {
				err := w.run(t.Context(), conn)
				if e := asError(t, err); e.StatusCode != http.StatusOK || len(e.Error()) > 1500 {
					t.Errorf("%s: status %d, %d bytes: %.200s", w.name, e.StatusCode, len(e.Error()), e)
				}
				kinds := "ErrBadResponse"
				if tt.message == "incomplete" {
					kinds = "ErrNetwork"
				}
				wantKinds(t, err, kinds)
				wantText(t, err, "things.list", tt.message)
			}
		})
	}
}

// into returns a function that checks what a result becomes when it is decoded
// into a T.
func into[T any](want T) func(testing.TB, *client.Connector) {
	return func(t testing.TB, conn *client.Connector) {
		t.Helper()
		got, r, err := client.Execute[T](t.Context(), conn, "things", "list", nil)
		if err != nil || !reflect.DeepEqual(got, want) || r.Data != nil {
			t.Errorf("Execute[%T]: %#v, data %s, %v; want %#v", want, got, r.Data, err, want)
		}
		got, r, err = client.Execute[T](t.Context(), conn, "things", "list", nil, client.WithRawData())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Execute[%T] with raw data: %#v, %v; want %#v", want, got, err, want)
			return
		}
		var again T
		if r.Data != nil {
			if err := r.Decode(&again); err != nil || !reflect.DeepEqual(again, want) {
				t.Errorf("Decode into %T: %#v, %v", want, again, err)
			}
		}
	}
}

// A thing has fields of the types that need care.
type thing struct {
	N    json.Number     `json:"n"`
	Wait time.Duration   `json:"wait"`
	At   time.Time       `json:"at"`
	Raw  json.RawMessage `json:"raw"`
	Sub  *row            `json:"sub"`
	Any  any             `json:"any"`
}

func TestExecuteInto(t *testing.T) {
	one := row{1}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name, answer string
		check        func(testing.TB, *client.Connector)
	}{
		{"struct", success(`{"id":1,"x":{}}`, `{}`), into(one)},
		{"pointer", success(`{"id":1}`, `{}`), into(&one)},
		{"pointer from null", success(`null`, `{}`), into[*row](nil)},
		{"slice", success(`[{"id":1},{}]`, `{}`), into([]row{{1}, {}})},
		{"slice of pointers", success(`[{"id":1},null]`, `{}`), into([]*row{&one, nil})},
		{"slice from null", success(`null`, `{}`), into[[]row](nil)},
		{"empty slice", success(`[]`, `{}`), into([]row{})},
		{"map", success(`{"a":{"id":1},"b":null}`, `{}`), into(map[string]row{"a": {1}, "b": {}})},
		{"map of numbers", success(`{"5":1}`, `{}`), into(map[int]int{5: 1})},
		{"map of durations", success(`{"5":6}`, `{}`), into(map[time.Duration]time.Duration{5: 6})},
		{"array", success(`[1,2]`, `{}`), into([2]int{1, 2})},
		{"any", success(`[1,"a",{"b":null}]`, `{}`), into[any]([]any{1.0, "a", map[string]any{"b": nil}})},
		{"any from null", success(`null`, `{}`), into[any](nil)},
		{"raw", success(`{ "id" : 1.0 }`, `{}`), into(json.RawMessage(`{ "id" : 1.0 }`))},
		{"text", success(`"a"`, `{}`), into("a")},
		{"care", success(`{"n":9007199254740993,"wait":1500,"at":"2026-01-02T03:04:05Z","raw":{"a": 1},"sub":{"id":1},"any":[true]}`, `{}`),
			into(thing{"9007199254740993", 1500, at, json.RawMessage(`{"a": 1}`), &one, []any{true}})},
		{"care, as texts", success(`[{"n":"1.50"}]`, `{}`), into([]thing{{N: "1.50"}})},
		{"nulls", success(`{"n":null,"wait":null,"at":null,"raw":null,"sub":null,"any":null}`, `{}`), into(thing{Raw: json.RawMessage(`null`)})},
		{"numbers inside", success(`{"a":[{"n":1,"wait":2}]}`, `{}`), into(map[string][]*thing{"a": {{N: "1", Wait: 2}}})},
		{"names twice", success(`{"id":2,"id":1}`, `{}`), into(one)},
		{"names in another case", success(`{"ID":2,"Id":3,"id":1}`, `{}`), into(one)},
		{"invalid UTF-8", success("{\"a\xff\":\"b\xff\"}", `{}`), into(map[string]string{"a\ufffd": "b\ufffd"})},
		{"missing", `{"status":"success"}`, into[[]row](nil)},
		{"missing struct", `{"status":"success","connector_metadata":{"id":7}}`, into(row{})},
		{"twice", `{"status":"success","result":{"a":1},"result":{"b":2}}`, into(map[string]int{"b": 2})},
		{"twice, then null", `{"status":"success","result":{"id":1},"result":null}`, into(row{})},
		{"twice, first a misfit", `{"status":"success","result":["x"],"result":{"id":1}}`, into(one)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, _ := things(t, says(http.StatusOK, tt.answer))
			tt.check(t, conn)
		})
	}
}

func TestExecuteWithUseNumber(t *testing.T) {
	conn, _ := things(t, ok(`{"n":9007199254740993,"list":[1.50,{"m":1e2,"t":"3"}],"b":true}`))
	want := map[string]any{
		"n": json.Number("9007199254740993"), "b": true,
		"list": []any{json.Number("1.50"), map[string]any{"m": json.Number("1e2"), "t": "3"}},
	}
	for _, opts := range [][]client.ExecuteOption{{client.WithUseNumber()}, {client.WithUseNumber(), client.WithRawData()}} {
		got, _, err := client.Execute[any](t.Context(), conn, "things", "get", nil, opts...)
		if err != nil || !reflect.DeepEqual(got, any(want)) {
			t.Errorf("got %#v, %v", got, err)
		}
	}
	r, err := conn.Execute(t.Context(), "things", "get", nil, client.WithUseNumber())
	if err != nil {
		t.Fatal(err)
	}
	rows, errs := collect(client.Rows[map[string]any](r))
	if len(rows) != 1 || errs != nil || !reflect.DeepEqual(rows[0], want) {
		t.Errorf("Rows: %#v, %v", rows, errs)
	}
	for got, err := range client.All[map[string]any](t.Context(), conn, "things", "get", nil, client.WithUseNumber()) {
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("All: %#v, %v", got, err)
		}
	}
	var plain any
	if err := (&client.Result{Data: r.Data}).Decode(&plain); err != nil || plain.(map[string]any)["n"] != 9007199254740992.0 {
		t.Errorf("without: %#v, %v", plain, err)
	}
}

// place returns where a result that is decoded into a T does not fit.
func place[T any](result string) func(testing.TB) *client.RecordError {
	return func(t testing.TB) *client.RecordError {
		t.Helper()
		conn, _ := things(t, ok(result))
		_, r, err := client.Execute[T](t.Context(), conn, "things", "list", nil)
		e := asError(t, err)
		if r != nil || e.StatusCode != http.StatusOK || e.Path != executePath || kinds(err) != "" {
			t.Errorf("%+v, %v: status %d, path %q", r, err, e.StatusCode, e.Path)
		}
		got := record(t, err)
		_, _, err = client.Execute[T](t.Context(), conn, "things", "list", nil, client.WithRawData())
		if raw := record(t, err); raw.Index != got.Index || raw.Field != got.Field {
			t.Errorf("%+v, and with raw data %+v", got, raw)
		}
		return got
	}
}

func TestExecuteMisfits(t *testing.T) {
	type user struct {
		User struct {
			ID int `json:"id"`
		} `json:"user"`
		Tags []string `json:"tags"`
	}
	for _, tt := range []struct {
		name  string
		place func(testing.TB) *client.RecordError
		index int
		field string
		text  string
	}{
		{"field", place[[]user](`[{},{},{},{"user":{"id":"x"}}]`), 3, "user.id", "record 3, field user.id does not fit"},
		{"field of the first", place[[]user](`[{"tags":["a",{}]},{"tags":3}]`), 0, "tags.1", "record 0, field tags.1 does"},
		{"record", place[[]user](`[{},"x"]`), 1, "", "record 1 does not fit"},
		{"object", place[user](`{"user":{"id":1.5}}`), -1, "user.id", "the result, field user.id does"},
		{"all", place[user](`[1]`), -1, "", "the result does not fit"},
		{"object for a list", place[[]user](`{"user":{"id":1}}`), -1, "", "the result does not fit"},
		{"name of digits", place[map[string]int](`{"4":1,"5":"x"}`), -1, "5", "the result, field 5 does"},
		{"name of digits in a list", place[[]map[string]int](`[{"4":1},{"5":"x"}]`), 1, "5", "record 1, field 5 does"},
		{"list in a list", place[[][]user](`[[],[{},{"user":[]}]]`), 1, "1.user", "record 1, field 1.user does"},
		{"slash in a name", place[map[string]int](`{"a/b~c":"x"}`), -1, "a/b~c", "the result, field a/b~c does"},
		{"number", place[[]thing](`[{"n":true}]`), 0, "n", "record 0, field n does"},
		{"duration", place[[]thing](`[{"wait":1},{"wait":"1s"}]`), 1, "wait", "record 1, field wait does"},
		{"time", place[thing](`{"at":"yesterday"}`), -1, "at", "the result, field at does"},
		{"too large", place[[]int8](`[1,300]`), 1, "", "record 1 does not fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.place(t)
			if got.Index != tt.index || got.Field != tt.field || got.Err == nil || got.Raw != nil || !strings.HasPrefix(got.Error(), tt.text) {
				t.Errorf("index %d, field %q, text %q", got.Index, got.Field, got)
			}
		})
	}
}

// The text about a record that does not fit is short and on one line, whatever
// was sent.
func TestRecordErrorIsShort(t *testing.T) {
	long := strings.Repeat(`x\n`, 5000)
	for _, err := range []error{
		place[[]map[string]int](`[{"` + long + `":"y"}]`)(t), place[[]thing](`[{"at":"` + long + `"}]`)(t), place[[]row](`[{"id":"` + long + `"}]`)(t),
	} {
		if text := err.Error(); len(text) > 1024 || strings.Contains(text, "\n") {
			t.Errorf("%d bytes: %.200q", len(text), text)
		}
	}
}

var errOwn = errors.New("not one of mine")

// picky is a type that refuses every value, with an error like that of a broken
// response.
type picky struct{ ok bool }

func (p *picky) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"eof"`:
		return io.EOF
	case `"short"`:
		return io.ErrUnexpectedEOF
	case `"syntax"`:
		return json.Unmarshal([]byte(`{`), new(any))
	case `"own"`:
		return errOwn
	}
	p.ok = true
	return nil
}

// An error of the caller's type concerns only its record, never the page.
func TestTypesThatRefuse(t *testing.T) {
	conn, _ := things(t, ok(`["eof",1,"short",2,"syntax",3,"own",4]`))
	for name, seq := range map[string]func(func(picky, error) bool){
		"All": client.All[picky](t.Context(), conn, "things", "list", nil),
		"Rows": func(yield func(picky, error) bool) {
			r, err := conn.Execute(t.Context(), "things", "list", nil)
			if err != nil {
				t.Fatal(err)
			}
			client.Rows[picky](r)(yield)
		},
	} {
		rows, errs := collect(seq)
		if len(rows) != 4 || len(errs) != 4 {
			t.Fatalf("%s: %v, %v", name, rows, errs)
		}
		for i, err := range errs {
			if r := record(t, err); r.Index != 2*i || !rows[i].ok {
				t.Errorf("%s: error %d is of record %d: %v", name, i, r.Index, err)
			}
		}
		if !errors.Is(errs[1], io.ErrUnexpectedEOF) || !errors.Is(errs[3], errOwn) {
			t.Errorf("%s: what the type said is lost: %v, %v", name, errs[1], errs[3])
		}
	}
	_, _, err := client.Execute[[]picky](t.Context(), conn, "things", "list", nil)
	if r := record(t, err); r.Index != 0 {
		t.Errorf("Execute[T]: %v", err)
	}
}

func TestExecuteOnTheWire(t *testing.T) {
	big := json.Number("9007199254740993")
	for _, tt := range []struct {
		name   string
		params client.Params
		opts   []client.ExecuteOption
		want   string
	}{
		{"nothing", nil, nil, `{"action":"list","entity":"things"}`},
		{"no parameters", client.Params{}, nil, `{"action":"list","entity":"things","params":{}}`},
		{"absent, null and empty", client.Params{"a": nil, "b": "", "c": []string{}, "d": map[string]any{}, "e": 0, "f": false}, nil,
			`{"action":"list","entity":"things","params":{"a":null,"b":"","c":[],"d":{},"e":0,"f":false}}`},
		{"nil pointers and lists", client.Params{"a": (*int)(nil), "b": []string(nil)}, nil, `{"action":"list","entity":"things","params":{"a":null,"b":null}}`},
		{"numbers", client.Params{"n": big, "list": []any{big, map[string]any{"n": big}}, "i": int64(9007199254740993), "f": 1.5}, nil,
			`{"action":"list","entity":"things","params":{"f":1.5,"i":9007199254740993,"list":[9007199254740993,{"n":9007199254740993}],"n":9007199254740993}}`},
		{"raw", client.Params{"r": json.RawMessage(`{"a":[1]}`), "t": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "d": time.Second}, nil,
			`{"action":"list","entity":"things","params":{"d":1000000000,"r":{"a":[1]},"t":"2026-01-02T03:04:05Z"}}`},
		{"fields", nil, []client.ExecuteOption{client.WithSelectFields("a", "b.c"), client.WithExcludeFields("d"), client.WithSelectFields("e"), nil},
			`{"action":"list","entity":"things","exclude_fields":["d"],"select_fields":["a","b.c","e"]}`},
		{"no fields", nil, []client.ExecuteOption{client.WithSelectFields(), client.WithExcludeFields(), client.WithIntent("")}, `{"action":"list","entity":"things"}`},
		{"intent", nil, []client.ExecuteOption{client.WithIntent("why"), client.WithTruncation()}, `{"action":"list","entity":"things","intent":"why","skip_truncation":false}`},
		{"options of reading", nil, []client.ExecuteOption{client.WithUseNumber(), client.WithRawData(), client.WithPageParam("p"), client.WithPrefetch()}, `{"action":"list","entity":"things"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, s := things(t, ok(`[]`))
			calls := []func() error{
				func() error { _, err := conn.Execute(t.Context(), "things", "list", tt.params, tt.opts...); return err },
				func() error {
					_, _, err := client.Execute[any](t.Context(), conn, "things", "list", tt.params, tt.opts...)
					return err
				},
				func() error {
					_, errs := collect(client.All[any](t.Context(), conn, "things", "list", tt.params, tt.opts...))
					return errors.Join(errs...)
				},
			}
			for _, call := range calls {
				if err := call(); err != nil {
					t.Fatal(err)
				}
			}
			s.wantSent(t, len(calls))
			for _, r := range s.requests() {
				var got bytes.Buffer
				enc := json.NewEncoder(&got)
				dec := json.NewDecoder(strings.NewReader(r.Body))
				dec.UseNumber()
				var v any
				if err := errors.Join(dec.Decode(&v), enc.Encode(v)); err != nil {
					t.Fatal(err)
				}
				if text := strings.TrimSpace(got.String()); text != tt.want || r.Method != http.MethodPost || r.Path != executePath {
					t.Errorf("%s %s\n got %s\nwant %s", r.Method, r.Path, text, tt.want)
				}
			}
		})
	}
}

func TestExecuteRefusesBeforeSending(t *testing.T) {
	conn, s := things(t, ok(`[]`))
	at := func(id string) *client.Connector { return conn.Workspace().ConnectorByID(id) }
	cyclicMap, cyclicList := map[string]any{}, make([]any, 1)
	cyclicMap["m"], cyclicList[0] = cyclicMap, cyclicList
	for _, tt := range []struct {
		name           string
		conn           *client.Connector
		entity, action string
		params         client.Params
		opt            client.ExecuteOption
		text           string
	}{
		{"no action", conn, "things", "", nil, nil, "action is empty"},
		{"blank action", conn, "things", " \t", nil, nil, "action is empty"},
		{"no entity", conn, "", "list", nil, nil, "entity is empty"},
		{"blank entity", conn, " ", "list", nil, nil, "entity is empty"},
		{"long intent", conn, "things", "list", nil, client.WithIntent(strings.Repeat("é", 513)), "512"},
		{"no id", at(""), "things", "list", nil, nil, "UUID"},
		{"path as id", at("../" + stubID), "things", "list", nil, nil, "UUID"},
		{"id and more", at(stubID + "/execute"), "things", "list", nil, nil, "UUID"},
		{"long id", at(strings.Repeat("a", 1000)), "things", "list", nil, nil, "UUID"},
		{"parameter without JSON", conn, "things", "list", client.Params{"f": func() {}}, nil, "cannot be built"},
		{"secret", conn, "things", "list", client.Params{"f": auth.Secret("s")}, nil, `"f" contains an auth.Secret`},
		{"secret inside", conn, "things", "list", client.Params{"f": []any{map[string]any{"g": auth.Secret("s")}}}, nil, `"f" contains an auth.Secret`},
		{"configuration", conn, "things", "list", client.Params{"f": client.Configuration{"a": 1}}, nil, "auth.Secret"},
		{"cycle of maps", conn, "things", "list", client.Params{"m": cyclicMap}, nil, "cannot be built"},
		{"cycle of lists", conn, "things", "list", client.Params{"l": cyclicList}, nil, "cannot be built"},
		{"number that is none", conn, "things", "list", client.Params{"n": json.Number("one")}, nil, "cannot be built"},
	} {
		var opts []client.ExecuteOption
		if tt.opt != nil {
			opts = append(opts, tt.opt)
		}
		_, err := tt.conn.Execute(t.Context(), tt.entity, tt.action, tt.params, opts...)
		_, _, typed := client.Execute[any](t.Context(), tt.conn, tt.entity, tt.action, tt.params, opts...)
		_, errs := collect(client.All[any](t.Context(), tt.conn, tt.entity, tt.action, tt.params, opts...))
		for _, err := range append(errs, err, typed) {
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, tt.text)
			if e := asError(t, err); e.StatusCode != 0 || e.Attempts != 0 || len(e.Error()) > 400 {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		if len(errs) != 1 {
			t.Errorf("%s: All yields %d errors", tt.name, len(errs))
		}
	}
	s.wantSent(t, 0)
	if _, err := conn.Execute(t.Context(), "", "describe", nil, client.WithIntent(strings.Repeat("é", 512))); err != nil {
		t.Errorf("describe with the longest intent: %v", err)
	}
	s.wantSent(t, 1)
}

func TestSearchResults(t *testing.T) {
	const result = `{"meta":{"has_more":true,"cursor":"c","took_ms":3},"data":[{"id":1},{"id":"x"},{"id":3}]}`
	conn, _ := things(t, ok(result))
	const action = "context_store_search"
	v, r, err := client.Execute[struct {
		Data []map[string]any `json:"data"`
	}](t.Context(), conn, "things", action, nil)
	if err != nil || len(v.Data) != 3 || r.Data != nil {
		t.Fatalf("%v, %+v, %v", v, r, err)
	}
	wantPage(t, r, "c")
	if _, errs := collect(client.Rows[row](r)); len(errs) != 1 || !strings.Contains(errs[0].Error(), "WithRawData") {
		t.Errorf("rows of a decoded result: %v", errs)
	}
	_, _, err = client.Execute[struct {
		Data []row `json:"data"`
	}](t.Context(), conn, "things", action, nil)
	if e := record(t, err); e.Index != -1 || e.Field != "data.1.id" {
		t.Errorf("%v", err)
	}
	_, r, err = client.Execute[any](t.Context(), conn, "things", action, nil, client.WithRawData())
	if err != nil {
		t.Fatal(err)
	}
	wantPage(t, r, "c")
	for _, r := range []*client.Result{r, {Data: r.Data}} { // with and without a known action
		rows, errs := collect(client.Rows[row](r))
		if ids(rows) != "1 3" || len(errs) != 1 {
			t.Fatalf("%v, %v", rows, errs)
		}
		if e := record(t, errs[0]); e.Index != 1 || e.Field != "id" || string(e.Raw) != `{"id":"x"}` {
			t.Errorf("%v: %s", e, e.Raw)
		}
	}
	// A search whose response is missing or empty has no rows.
	for _, text := range []string{`{"status":"success"}`, success(`null`, `{}`), success(`{}`, `{}`), success(`{"data":null,"meta":null}`, `{}`)} {
		conn, _ := things(t, says(http.StatusOK, text))
		r, err := conn.Execute(t.Context(), "things", action, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, errs := collect(client.Rows[row](r))
		all, allErrs := collect(client.All[row](t.Context(), conn, "things", action, nil))
		if len(rows)+len(errs)+len(all)+len(allErrs) != 0 || r.Page().HasNext {
			t.Errorf("%s: %v, %v, %v, %v", text, rows, errs, all, allErrs)
		}
		if v, _, err := client.Execute[*row](t.Context(), conn, "things", action, nil); err != nil || v != nil && *v != (row{}) {
			t.Errorf("%s: %v, %v", text, v, err)
		}
	}
}

// rowsOf returns the rows of Data that a test wrote: IDs, and index:field:raw
// of those that do not fit.
func rowsOf[T any](data string, id func(T) int) string {
	var list []string
	for v, err := range client.Rows[T](&client.Result{Data: json.RawMessage(data)}) {
		var r *client.RecordError
		switch {
		case err == nil:
			list = append(list, fmt.Sprint(id(v)))
		case errors.As(err, &r):
			list = append(list, fmt.Sprintf("%d:%s:%s", r.Index, r.Field, r.Raw))
		default:
			list = append(list, "broken")
		}
	}
	return strings.Join(list, " ")
}

func TestRowsOfHandMadeResults(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{``, ""},
		{` `, "broken"},
		{`null`, ""},
		{`[]`, ""},
		{` [ {"id":1} , null,{"id" : 3 } ] `, "1 0 3"},
		{`[[],{"id":{"a":[1,{"b":{}}]}},"x",4,true,{"id":6}]`, `0::[] 1:id:{"id":{"a":[1,{"b":{}}]}} 2::"x" 3::4 4::true 6`},
		{`{"id":1}`, "1"},
		{`{"id":"x"}`, `-1:id:{"id":"x"}`},
		{`"x"`, `-1::"x"`},
		{`{}`, "0"},
		{`{"data":[],"meta":{}}`, ""},
		{`{"meta":{"cursor":"c"},"data":[{"id":1}, {"id":"x"},{"id":3}]}`, `1 1:id:{"id":"x"} 3`},
		{`{"data":[{"id":1}],"data":[{"id":2}],"meta":{}}`, "2"},
		{`{"data":{"id":1},"meta":{},"id":2}`, "2"},
		{`{"data":[{"id":1}],"id":2}`, "2"},
		{`{"meta":{},"id":2}`, "2"},
		{`[{"id":1},{"id"`, "broken"},
		{`{"data":[{"id":1}`, "broken"},
		{`[{"id":1}}`, "broken"},
		{"[{\"id\":1,\"\xff\":\"\xff\",\"id\":2,\"ID\":3}]", "2"},
	} {
		if got := rowsOf(tt.data, func(r row) int { return r.ID }); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.data, got, tt.want)
		}
	}
	if got, want := rowsOf(`[{"5":1},{"6":"x"}]`, func(m map[string]int) int { return m["5"] }), `1 1:6:{"6":"x"}`; got != want {
		t.Errorf("names of digits: %s, want %s", got, want)
	}
	if got, want := rowsOf(`[[1],[2,"x"]]`, func(l []int) int { return l[0] }), `1 1:1:[2,"x"]`; got != want {
		t.Errorf("lists as records: %s, want %s", got, want)
	}
	if got, want := rowsOf(`{"data":[{"n":7,"wait":1},{"n":[]}],"meta":{}}`, func(v thing) int { return int(v.Wait) }), `1 1:n:{"n":[]}`; got != want {
		t.Errorf("types that need care: %s, want %s", got, want)
	}
}

// Rows can be iterated over again, abandoned, and kept.
func TestRowsAgain(t *testing.T) {
	r := &client.Result{Data: json.RawMessage(`[{"id":1},{"id":"x"},{"id":3}]`)}
	seq := client.Rows[row](r)
	var kept []*client.RecordError
	for range 3 {
		n := 0
		for _, err := range seq {
			if n++; n == 2 {
				kept = append(kept, record(t, err))
				break
			}
		}
	}
	rows, errs := collect(seq)
	if ids(rows) != "1 3" || len(errs) != 1 {
		t.Errorf("%v, %v", rows, errs)
	}
	clear(r.Data)
	for _, e := range kept {
		if string(e.Raw) != `{"id":"x"}` {
			t.Errorf("the record became %q", e.Raw)
		}
	}
}

func TestDecode(t *testing.T) {
	var v row
	// A missing result is tolerated, as by Execute[T]. One that was decoded
	// already is not missing.
	missing, err := connectorOf(newClient(t, serve(t, says(200, `{"status":"success"}`)))).Execute(t.Context(), "issues", "get", nil)
	if err != nil || missing.Decode(&v) != nil || v != (row{}) {
		t.Errorf("%+v, %v %+v", missing, err, v)
	}
	_, decoded, err := client.Execute[row](t.Context(), connectorOf(newClient(t, serve(t, ok(`{"id":1}`)))), "issues", "get", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, decoded.Decode(&v), "no data", "WithRawData")
	r := &client.Result{Data: json.RawMessage(` [ {"id":1}, {"id":"x"} ] `)}
	var list []row
	if e := record(t, r.Decode(&list)); e.Index != 1 || e.Field != "id" {
		t.Errorf("%v", e)
	}
	for _, target := range []any{nil, row{}, (*row)(nil)} {
		if err := r.Decode(target); err == nil {
			t.Errorf("decoded into %#v", target)
		}
	}
	if err := (&client.Result{Data: json.RawMessage(`{"id":1}}`)}).Decode(&v); err == nil {
		t.Error("decoded what is not JSON")
	}
}

// Calls do not see what other calls read.
func TestExecuteConcurrently(t *testing.T) {
	s := serveRoutes(t, nil)
	s.route = func(r sent) reply {
		n := strings.Count(r.Body, "#")
		return says(http.StatusOK, success(fmt.Sprintf(`[{"id":%d},{"id":"x"},{"id":%d}]`, n, n), fmt.Sprintf(`{"n":%d}`, n)))
	}
	conn := connectorOf(newClientOfApp(t, s))
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			params := client.Params{"mark": strings.Repeat("#", g)}
			for range 5 {
				r, err := conn.Execute(t.Context(), "things", "list", params)
				if err != nil {
					t.Error(err)
					return
				}
				v, typed, err := client.Execute[[]map[string]any](t.Context(), conn, "things", "list", params)
				if err != nil || len(v) != 3 || v[0]["id"] != float64(g) {
					t.Errorf("%d: %v, %v", g, v, err)
					return
				}
				for _, got := range []*client.Result{r, typed} {
					if want := fmt.Sprintf(`{"n":%d}`, g); string(got.Metadata) != want {
						t.Errorf("%d: metadata %s", g, got.Metadata)
					}
				}
				for range 2 {
					rows, errs := collect(client.Rows[row](r))
					if want := fmt.Sprintf("%d %d", g, g); ids(rows) != want || len(errs) != 1 {
						t.Errorf("%d: %v, %v", g, rows, errs)
					}
				}
				rows, errs := collect(client.All[row](t.Context(), conn, "things", "list", params, client.WithPrefetch()))
				if want := fmt.Sprintf("%d %d", g, g); ids(rows) != want || len(errs) != 1 {
					t.Errorf("%d: all: %v, %v", g, rows, errs)
				}
			}
		})
	}
	wg.Wait()
	s.wantSent(t, 64*5*3)
	if n := s.tokenRequests(); n > 1 {
		t.Errorf("%d token requests", n)
	}
}

// A panic of a pager reaches the caller, even with a prefetch, and leaves
// nothing behind.
func TestAllPanics(t *testing.T) {
	for _, opts := range [][]client.ExecuteOption{nil, {client.WithPrefetch()}} {
		synctest.Test(t, func(t *testing.T) {
			conn, s := things(t, ok(`[{"id":1}]`))
			n, rows := 0, 0
			pager := client.WithPager(func(_ *client.Result, p client.Params) (client.Params, error) {
				if n++; n == 3 {
					panic("my own fault")
				}
				return client.Params{"page": n}, nil
			})
			defer func() {
				if v := recover(); v != "my own fault" {
					t.Errorf("recovered %v", v)
				}
				s.wantSent(t, 3)
				if rows != 2 {
					t.Errorf("%d rows", rows)
				}
			}()
			for _, err := range client.All[row](t.Context(), conn, "things", "list", nil, append(opts, pager)...) {
				if err != nil {
					t.Error(err)
				}
				rows++
			}
		})
	}
}

// The value of a page parameter that is not a number is sent as the text that
// it is.
func TestAllPageThatIsText(t *testing.T) {
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(fmt.Sprintf(`[{"id":%d}]`, n+1), []string{`{"page":"abc","has_more":true}`, `{}`}[n])
	}}
	rows, errs := collect(client.All[row](t.Context(), v.connector(t, "x"), "things", "list", nil))
	if ids(rows) != "1 2" || errs != nil || len(v.asked) != 2 || !reflect.DeepEqual(v.asked[1], map[string]any{"page": "abc"}) {
		t.Errorf("%v, %v, asked %v", rows, errs, v.asked)
	}
}

// A response is decoded in the same way whether it is small or large, and whether its
// size is known; one that breaks off or is no JSON is an error of the same kind.
func TestExecuteLargeResponses(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 5000, 60_000} { // up to 3 MB
		list := strings.TrimSuffix(strings.Repeat(`{"id":7,"name":"a name of some length, {[\"\\"},`, n), ",")
		page := success("["+list+"]", `{"next_cursor":"c"}`)
		for _, known := range []bool{true, false} {
			for _, test := range []struct {
				name, text, want string
				kind             error
			}{
				{"whole", page, "", nil},
				{"incomplete", page[:len(page)-10], "the response is incomplete", client.ErrNetwork},
				{"no JSON", page[:len(page)-1] + "<", "the response is not JSON", client.ErrBadResponse},
				{"more", page + "x", "the response is not JSON", client.ErrBadResponse},
			} {
				s := serve(t, func(*http.Request) (*http.Response, error) {
					resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(test.text)), ContentLength: -1}
					if known {
						resp.ContentLength = int64(len(test.text))
					}
					return resp, nil
				})
				rows, r, err := client.Execute[[]row](t.Context(), connectorOf(newClient(t, s, client.WithMaxRetries(0))), "things", "list", nil)
				switch {
				case test.kind != nil:
					if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
						t.Errorf("%d records, %s, size known: %t: %v", n, test.name, known, err)
					}
				case err != nil || len(rows) != n || string(r.Metadata) != `{"next_cursor":"c"}` || n > 0 && rows[n-1] != (row{ID: 7}):
					t.Errorf("%d records, %s, size known: %t: %d, %v", n, test.name, known, len(rows), err)
				}
			}
		}
	}
}

// What a write returned is not lost because it does not fit, and the error says that
// the write was carried out.
func TestWriteThatDoesNotFit(t *testing.T) {
	const result = `{"id":"tic-7","n":1}`
	for action, kept := range map[string]bool{"create": true, "merge_all": true, "get": false} {
		for _, opts := range [][]client.ExecuteOption{nil, {client.WithRawData()}} {
			v := &vendor{answer: func(int, map[string]any) string { return success(result, `{}`) }}
			got, r, err := client.Execute[row](t.Context(), v.connector(t, "acme"), "things", action, nil, opts...)
			e := asError(t, err)
			if record(t, err).Field != "id" || got != (row{}) || e.Retryable || e.OutcomeUnknown || len(v.asked) != 1 {
				t.Errorf("%s: %v, %+v, after %d requests", action, got, e, len(v.asked))
			}
			if kept != strings.Contains(err.Error(), "was carried out") {
				t.Errorf("%s: the error is %v", action, err)
			}
			if want := kept || opts != nil; want != (r != nil && string(r.Data) == result) {
				t.Errorf("%s: the result is %v", action, r)
			}
		}
	}
}

// Of the parameters of an execution, those whose names say that they are secrets are in
// no error, though the service repeats them.
func TestSecretParamsAreNotRepeated(t *testing.T) {
	const secret = "hunter2-hunter2"
	for name, tt := range map[string]struct {
		params client.Params
		hidden bool
	}{
		"password":  {client.Params{"password": secret}, true},
		"secret":    {client.Params{"Client-Secret": secret}, true},
		"inside":    {client.Params{"user": map[string]any{"API-Key": secret}}, true},
		"token":     {client.Params{"accessToken": secret}, true},
		"page":      {client.Params{"page_token": secret}, false},
		"next":      {client.Params{"nextPageToken": secret}, false},
		"anything":  {client.Params{"title": secret}, false},
		"no secret": {client.Params{"passport": secret}, false},
	} {
		body := `{"message":"weak: ` + secret + `","errors":[{"field":"params.x","message":"` + secret + ` is too short"}]}`
		s := serve(t, says(http.StatusUnprocessableEntity, body))
		_, err := connectorOf(newClient(t, s)).Execute(t.Context(), "users", "create", tt.params)
		e := asError(t, err)
		if text := fmt.Sprintf("%v %+v %s", err, e.Fields, e.Body()); tt.hidden == strings.Contains(text, secret) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// A status that does not say that an action failed leaves open whether a write was
// carried out.
func TestStatusThatSettlesNothing(t *testing.T) {
	for status, settled := range map[string]bool{"error": true, "failed": true, "failure": true, "running": false, "accepted": false, "timeout": false, "partial": false, "x": false} {
		for action, read := range map[string]bool{"create": false, "list": true} {
			v := &vendor{answer: func(int, map[string]any) string { return `{"status":"` + status + `","result":{"id":1}}` }}
			_, err := v.connector(t, "acme").Execute(t.Context(), "things", action, nil)
			e := asError(t, err)
			wantKinds(t, err, "ErrExecution")
			if e.OutcomeUnknown != (!settled && !read) || strings.Contains(err.Error(), "may have been carried out") != e.OutcomeUnknown || e.Retryable {
				t.Errorf("%s, %s: %+v", status, action, err)
			}
		}
	}
}

// An object that a list returns, with nothing in it for the type, is no record without
// fields: it may have the records in a member.
func TestListThatIsAnObject(t *testing.T) {
	for result, fits := range map[string]bool{
		`{"data":[{"id":1}],"has_more":true}`: false, `{"records":[{"id":1}]}`: false, `{"error":"forbidden"}`: false, `{}`: false,
		`{"id":1}`: true, `{"id":1,"items":[{"id":2}]}`: true, `{"data":[{"id":1}]}`: true,
	} {
		for _, action := range []string{"list", "get"} {
			v := &vendor{answer: func(int, map[string]any) string { return success(result, `{"has_next_page":false}`) }}
			conn := v.connector(t, "github")
			rows, errs := collect(client.All[row](t.Context(), conn, "issues", action, nil))
			pointers, perrs := collect(client.All[*row](t.Context(), conn, "issues", action, nil))
			maps, merrs := collect(client.All[map[string]any](t.Context(), conn, "issues", action, nil))
			if len(maps) != 1 || merrs != nil {
				t.Errorf("%s of %s: as a map, %v, %v", action, result, maps, merrs)
			}
			if fits || action == "get" {
				if len(rows) != 1 || errs != nil || len(pointers) != 1 || perrs != nil {
					t.Errorf("%s of %s: %v, %v; %v, %v", action, result, rows, errs, pointers, perrs)
				}
				continue
			}
			if len(rows) != 0 || len(errs) != 1 || string(record(t, errs[0]).Raw) != result || len(pointers) != 0 || len(perrs) != 1 {
				t.Errorf("%s of %s: %v, %v; %v, %v", action, result, rows, errs, pointers, perrs)
			}
		}
	}
}

func TestLimitOfSomethingElse(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string { return success(`[]`, `{}`) }}
	_, err := v.connector(t, "github").Execute(t.Context(), "issues", "list", nil, client.WithLimit(3))
	wantKinds(t, err, "ErrInvalid")
	if _, errs := collect(client.Search[row](t.Context(), v.connector(t, "github"), "issues", client.Query{}, client.WithLimit(3))); len(errs) != 1 || !errors.Is(errs[0], client.ErrInvalid) || len(v.asked) != 0 {
		t.Errorf("%v; asked %v", errs, v.asked)
	}
}

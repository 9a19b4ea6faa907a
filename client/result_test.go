package client_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// answers returns a connector that responds to every execution with text.
func answers(t testing.TB, text string) *client.Connector {
	v := &vendor{answer: func(int, map[string]any) string { return text }}
	return v.connector(t, "x")
}

func TestExecuteKeepsWhatWasSent(t *testing.T) {
	const metadata = `{ "has_more":true, "next_cursor":"c" , "n":9007199254740993}`
	const data = `[ {"id": 1.50, "name":"é"} ]`
	conn := answers(t, `{"warning":{"code":"old","message":"m","stale_since":"2026-01-02T03:04:05"},`+success(data, metadata)[1:])
	r, err := conn.Execute(t.Context(), "things", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Data) != data || string(r.Metadata) != metadata {
		t.Errorf("data %s, metadata %s", r.Data, r.Metadata)
	}
	if r.Status != "success" || r.Duration != 7*time.Millisecond || r.ConnectorID != vendorID || !r.Page().HasNext || r.Page().Cursor != "c" {
		t.Errorf("%+v", r)
	}
	if w := r.Warning; w == nil || w.Code != "old" || w.Message != "m" || w.StaleSince.IsZero() {
		t.Errorf("warning %+v", w)
	}
	var rows []struct {
		Name string `json:"Name"`
	}
	if err := r.Decode(&rows); err != nil || len(rows) != 1 || rows[0].Name != "" {
		t.Errorf("names are matched with their case: %v, %v", rows, err)
	}
}

// A warning has no secret, whatever the service repeats in it.
func TestWarningRepeatsNoToken(t *testing.T) {
	token := ""
	repeats := func(req *http.Request) (*http.Response, error) {
		token = strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
		return says(200, fmt.Sprintf(`{"status":"success","result":[{"id":1}],"warning":{"code":%[1]q,"message":"Bearer %[1]s is old","status_url":"https://x.example/?t=%[1]s"}}`, token))(req)
	}
	conn, _ := things(t, repeats, repeats)
	raw, err := conn.Execute(t.Context(), "things", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, typed, err := client.Execute[[]any](t.Context(), conn, "things", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*client.Result{raw, typed} {
		if text := fmt.Sprintf("%+v", *r.Warning); token == "" || strings.Contains(text, token) || !strings.Contains(text, "is old") {
			t.Errorf("%q: %s", token, text)
		}
	}
}

// The status decides, wherever it is and whatever the result is.
func TestExecuteStatusDecides(t *testing.T) {
	for _, tt := range []struct {
		name, text, message string
		kind                error
	}{
		{"before", `{"status":"error","result":[{"id":1}],"error":"gone"}`, "gone", client.ErrExecution},
		{"after", `{"result":[{"id":1}],"error":{"message":"gone","code":"E7"},"status":"error"}`, "gone", client.ErrExecution},
		{"after a misfit", `{"result":[{"id":{"a":[1,{"b":2}]}},{"id":"x"}],"status":"failed","message":"gone"}`, "gone", client.ErrExecution},
		{"after another shape", `{"result":"a text","status":"timeout"}`, "timeout", client.ErrExecution},
		{"none", `{"result":[{"id":1}]}`, "no status", nil},
		{"a number", `{"status":3,"result":[]}`, "no status", nil},
		{"list", `[{"status":"success"}]`, "not that of an execution", nil},
		{"null", `null`, "no status", nil},
		{"text", `"hello"`, "not that of an execution", nil},
		{"html", `<html><title>Sign in</title></html>`, "not JSON", nil},
		{"error of the service", `{"message":"who are you"}`, "who are you", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := answers(t, tt.text)
			_, _, typed := client.Execute[[]row](t.Context(), conn, "things", "list", nil)
			_, raw := conn.Execute(t.Context(), "things", "list", nil)
			_, all := collect(client.All[row](t.Context(), conn, "things", "list", nil))
			if len(all) != 1 {
				t.Fatalf("All yields %v", all)
			}
			for way, err := range map[string]error{"Execute[T]": typed, "Execute": raw, "All": all[0]} {
				var e *client.Error
				if !errors.As(err, &e) || e.StatusCode != 200 || !strings.Contains(err.Error(), tt.message) {
					t.Errorf("%s: %v; want an *Error with status 200 that says %q", way, err, tt.message)
				}
				if errors.Is(err, client.ErrExecution) != (tt.kind != nil) {
					t.Errorf("%s: %v is ErrExecution: %v", way, err, tt.kind == nil)
				}
			}
		})
	}
}

// No addition or change of the service around the result makes a call fail.
func TestExecuteToleratesDrift(t *testing.T) {
	for _, text := range []string{
		`{"status":"success"}`,
		`{"status":"success","result":null,"connector_metadata":null,"execution_metadata":null,"warning":null}`,
		`{"status":"success","execution_metadata":"none","connector_metadata":[1],"warning":[],"new":{"x":[]}}`,
		`{"status":"success","execution_metadata":{"execution_time_ms":"soon","connector_instance_id":7},"warning":"hm"}`,
		"{\"status\":\"success\",\"result\":null,\"x\":\"\xff\",\"x\":2}",
	} {
		conn := answers(t, text)
		if rows, r, err := client.Execute[[]row](t.Context(), conn, "things", "list", nil); err != nil || rows != nil || r.Data != nil {
			t.Errorf("%s: %v, %+v, %v", text, rows, r, err)
		}
		if r, err := conn.Execute(t.Context(), "things", "list", nil); err != nil {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
}

func TestExecuteTypes(t *testing.T) {
	type thing struct {
		ID    json.Number   `json:"id"`
		Wait  time.Duration `json:"wait"`
		At    time.Time     `json:"at"`
		Owner *row          `json:"owner"`
		Tags  []string      `json:"tags"`
	}
	conn := answers(t, success(`{"id":9007199254740993,"wait":1500,"at":"2026-01-02T03:04:05Z","owner":null,"tags":null}`, `{}`))
	v, r, err := client.Execute[thing](t.Context(), conn, "things", "get", client.Params{"id": 1}, client.WithRawData())
	if err != nil || v.ID != "9007199254740993" || v.Wait != 1500 || v.At.Year() != 2026 || v.Owner != nil || v.Tags != nil || !strings.Contains(string(r.Data), "wait") {
		t.Errorf("%+v, %v", v, err)
	}
	m, _, err := client.Execute[map[string]any](t.Context(), conn, "things", "get", nil, client.WithUseNumber())
	if err != nil || m["id"] != json.Number("9007199254740993") {
		t.Errorf("with numbers: %v, %v", m, err)
	}
	if m, _, err = client.Execute[map[string]any](t.Context(), conn, "things", "get", nil); err != nil || m["id"] != float64(9007199254740992) {
		t.Errorf("without: %v, %v", m, err)
	}
	if raw, _, err := client.Execute[json.RawMessage](t.Context(), conn, "things", "get", nil); err != nil || !json.Valid(raw) {
		t.Errorf("raw: %s, %v", raw, err)
	}
	_, _, err = client.Execute[[]thing](t.Context(), answers(t, success(`[{"id":1},{"id":2,"owner":{"id":"x"}}]`, `{}`)), "things", "list", nil)
	var rec *client.RecordError
	if !errors.As(err, &rec) || rec.Index != 1 || rec.Field != "owner.id" {
		t.Fatalf("%v: %+v", err, rec)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, *rec); got != rec.Error() {
			t.Errorf("%s of a RecordError without its pointer is %s", verb, got)
		}
	}
}

func TestExecuteSends(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string { return success(`[]`, `{}`) }}
	conn := v.connector(t, "x")
	params := client.Params{"null": nil, "empty": "", "none": []string{}, "big": json.Number("9007199254740993")}
	if _, err := conn.Execute(t.Context(), "things", "list", params, client.WithSelectFields("a", "b.c"), client.WithExcludeFields("d"), client.WithIntent("why"), client.WithTruncation()); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%#v", v.asked[0]), fmt.Sprintf("%#v", map[string]any{"null": nil, "empty": "", "none": []any{}, "big": json.Number("9007199254740993")}); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	for name, call := range map[string]func() error{
		"no action": func() error { _, err := conn.Execute(t.Context(), "things", " ", nil); return err },
		"no entity": func() error { _, err := conn.Execute(t.Context(), "", "list", nil); return err },
		"intent": func() error {
			_, err := conn.Execute(t.Context(), "things", "list", nil, client.WithIntent(strings.Repeat("é", 513)))
			return err
		},
		"id": func() error {
			_, err := conn.Workspace().ConnectorByID("../x").Execute(t.Context(), "things", "list", nil)
			return err
		},
	} {
		if err := call(); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := conn.Execute(t.Context(), "things", "list", nil, client.WithIntent(strings.Repeat("é", 512))); err != nil {
		t.Error(err)
	}
	if len(v.asked) != 2 {
		t.Errorf("%d requests, want 2", len(v.asked))
	}
}

func TestRows(t *testing.T) {
	for _, tt := range []struct{ name, action, result, want string }{
		{"list", "list", `[{"id":1},{"id":2}]`, "1 2"},
		{"empty", "list", `[]`, ""},
		{"null", "list", `null`, ""},
		{"one object", "get", `{"id":3}`, "3"},
		{"one object with data and meta", "get", `{"id":3,"data":[{"id":4}],"meta":{}}`, "3"},
		{"search", "context_store_search", `{"meta":{"has_more":false},"data":[{"id":4},{"id":5}]}`, "4 5"},
		{"search that found nothing", "context_store_search", `{"data":[],"meta":{}}`, ""},
	} {
		r, err := answers(t, success(tt.result, `{}`)).Execute(t.Context(), "things", tt.action, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, errs := collect(client.Rows[row](r))
		if got := ids(rows); got != tt.want || errs != nil {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, errs, tt.want)
		}
		for range client.Rows[row](r) {
			break // must not panic
		}
	}
	// The form of a Result that a caller's test creates decides what its
	// records are.
	for text, want := range map[string]string{
		`{"data":[{"id":4},{"id":5}],"meta":{}}`: "4 5", `{"id":6}`: "6", `{"data":[{"id":1}],"id":7}`: "7", ``: "",
	} {
		rows, errs := collect(client.Rows[row](&client.Result{Data: json.RawMessage(text)}))
		if got := ids(rows); got != want || errs != nil {
			t.Errorf("%s: %s, %v", text, got, errs)
		}
	}
	rows, errs := collect(client.Rows[row](&client.Result{Data: json.RawMessage(`[{"id":1},{"id":[]},{"id":3}]`)}))
	var rec *client.RecordError
	if ids(rows) != "1 3" || len(errs) != 1 || !errors.As(errs[0], &rec) || rec.Index != 1 || string(rec.Raw) != `{"id":[]}` {
		t.Errorf("%v, %v", rows, errs)
	}
	if _, errs := collect(client.Rows[row](&client.Result{Data: json.RawMessage(`[{"id":1},`)})); len(errs) != 1 {
		t.Errorf("broken JSON: %v", errs)
	}
	_, typed, err := client.Execute[[]row](t.Context(), answers(t, success(`[]`, `{}`)), "things", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, errs := collect(client.Rows[row](typed)); len(errs) != 1 || !strings.Contains(errs[0].Error(), "WithRawData") {
		t.Errorf("decoded already: %v", errs)
	}
}

// refuses is a type that refuses every value, with an error like that of a
// broken connection.
type refuses struct{}

func (*refuses) UnmarshalJSON([]byte) error { return io.ErrUnexpectedEOF }

func TestExecuteDoesNotRepeatForATypeThatRefuses(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1}]`, `{}`) }}
	_, _, err := client.Execute[[]refuses](t.Context(), v.connector(t, "x"), "things", "list", nil)
	var rec *client.RecordError
	if !errors.As(err, &rec) || len(v.asked) != 1 {
		t.Errorf("%v after %d requests, want a RecordError after 1", err, len(v.asked))
	}
}

// Printed as Go values, raw JSON would be lists of numbers. It may also be
// private.
func TestResultsInPrint(t *testing.T) {
	conn := connectorOf(newClient(t, serve(t, ok(`{"entities":[{"name":"private","actions":["list"]}]}`))))
	r, err := conn.Execute(t.Context(), "issues", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := conn.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, v := range []any{r, *r, d} {
			if got := fmt.Sprintf(format, v); !strings.Contains(got, "bytes") || strings.Contains(got, "private") || strings.Contains(got, "123") || len(got) > 100 {
				t.Errorf("%s of %T is %s", format, v, got)
			}
		}
	}
	if got := (&client.Result{Status: "success"}).String(); got != "client.Result{success, 0 bytes of data, 0 of metadata}" {
		t.Error(got)
	}
	if got := d.String(); got != "client.Description{1 entities, 52 bytes}" {
		t.Error(got)
	}
}

// A result marshals to what the service sent, and can be read back.
func TestResultsMarshal(t *testing.T) {
	const (
		execution = `"execution_metadata":{"connector_instance_id":"` + stubID + `","execution_time_ms":1.5}`
		warning   = `"warning":{"code":"paused","message":"m","stale_since":"2026-01-02T03:04:05Z"}`
	)
	for name, tc := range map[string]struct{ sent, want string }{
		"all":        {`{"status":"success","result":[{"id":1},{"id":2}],"connector_metadata":{"has_more":true,"next_cursor":"c"},` + execution + `,` + warning + `}`, ""},
		"little":     {`{"status":"success"}`, `{"status":"success","execution_metadata":{"execution_time_ms":0}}`},
		"null":       {`{"status":"success","result":null,"connector_metadata":null,"warning":null,` + execution + `}`, `{"status":"success","result":null,"connector_metadata":null,` + execution + `}`},
		"big number": {`{"status":"success","result":{"id":9007199254740993},` + execution + `}`, ""},
	} {
		r, err := connectorOf(newClient(t, serve(t, says(200, tc.sent)))).Execute(t.Context(), "issues", "list", nil)
		if err != nil {
			t.Fatal(name, err)
		}
		want := cmp.Or(tc.want, tc.sent)
		for _, v := range []any{r, *r} {
			if b, err := json.Marshal(v); err != nil || string(b) != want {
				t.Errorf("%s: %T is marshaled as\n%s, want\n%s; %v", name, v, b, want, err)
			}
		}
		var again client.Result
		if err := json.Unmarshal([]byte(want), &again); err != nil {
			t.Fatal(name, err)
		}
		if b, err := json.Marshal(again); err != nil || string(b) != want {
			t.Errorf("%s: read back, it is\n%s, want\n%s; %v", name, b, want, err)
		}
		rows, _ := collect(client.Rows[map[string]any](r))
		if got, _ := collect(client.Rows[map[string]any](&again)); !reflect.DeepEqual(got, rows) {
			t.Errorf("%s: rows %v, want %v", name, got, rows)
		}
		if _, err := again.NextParams(t.Context()); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	var r client.Result
	if err := json.Unmarshal([]byte(`{"status"`), &r); err == nil {
		t.Error("half a result is read")
	}
}

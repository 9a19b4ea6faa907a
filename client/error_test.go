package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// refused returns the error of a call with this response.
func refused(t *testing.T, answer reply) *client.Error {
	t.Helper()
	return asError(t, read(t.Context(), newClient(t, serve(t, answer), client.WithMaxRetries(0))))
}

func TestErrorUnderstandsEveryBody(t *testing.T) {
	for _, tc := range []struct {
		name, kind, body string
		code, message    string
		fields           []client.FieldError
	}{
		{name: "message", body: `{"message":"The page is too large."}`, message: "The page is too large."},
		{
			name: "message and errors", body: `{"message":"Invalid.","errors":[{"field":"params.per_page","message":"at most 100","error_code":"too_large","details":{"max":100}},{"field":"x"}]}`,
			code: "too_large", message: "Invalid.",
			fields: []client.FieldError{
				{Field: "params.per_page", Message: "at most 100", Code: "too_large", Details: map[string]any{"max": 100.0}},
				{Field: "x"},
			},
		},
		{
			name: "errors alone", body: `{"errors":[{"field":"a","message":"no"},{"message":"never"}]}`, message: "a: no; never",
			fields: []client.FieldError{{Field: "a", Message: "no"}, {Message: "never"}},
		},
		{name: "errors as texts", body: `{"errors":["one","two"]}`, message: "one; two", fields: []client.FieldError{{Message: "one"}, {Message: "two"}}},
		{name: "detail as text", body: `{"detail":"Not authenticated"}`, message: "Not authenticated"},
		{
			name: "detail as list", body: `{"detail":[{"loc":["body","params",0,"id"],"msg":"Field required","type":"missing"}]}`,
			code: "missing", message: "params.0.id: Field required",
			fields: []client.FieldError{{Field: "params.0.id", Message: "Field required", Code: "missing"}},
		},
		{name: "detail as object", body: `{"detail":{"code":"gone","message":"It is gone."}}`, code: "gone", message: "It is gone."},
		{name: "empty detail", body: `{"detail":[]}`},
		{name: "nested error", body: `{"error":{"code":"quota","message":"Out of quota."}}`, code: "quota", message: "Out of quota."},
		{name: "OAuth", body: `{"error":"invalid_client","error_description":"Unknown client."}`, code: "invalid_client", message: "Unknown client."},
		{name: "HTML", kind: "text/html; charset=utf-8", body: "<!doctype html><html><head><title>504 Gateway\n Time-out</title></head><body>x</body></html>", message: "504 Gateway Time-out"},
		{name: "HTML without a title", kind: "text/html", body: "<h1>Bad&nbsp;Gateway</h1><p>nginx</p>", message: "Bad Gateway nginx"},
		{name: "text", kind: "text/plain", body: "upstream connect error\r\nor disconnect", message: "upstream connect error or disconnect"},
		{name: "a JSON text", body: `"not today"`, message: "not today"},
		{name: "a JSON number", body: `42`, message: "42"},
		{name: "null", body: `null`, message: "null"},
		{name: "an empty object", body: `{}`},
		{name: "nothing"},
		{name: "white space", body: " \n "},
		{name: "cut JSON", body: `{"message":"hal`, message: `{"message":"hal`},
		{name: "wrong types", body: `{"message":{"a":1},"errors":{"b":2},"code":7}`, code: "7"},
		{name: "invalid UTF-8", body: "{\"message\":\"caf\xe9 closed\"}", message: "caf closed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.kind == "" {
				tc.kind = "application/json"
			}
			err := refused(t, says(400, tc.body, "Content-Type", tc.kind))
			if err.Code != tc.code || err.Message != tc.message || !reflect.DeepEqual(err.Fields, tc.fields) {
				t.Errorf("got code %q, message %q, fields %+v", err.Code, err.Message, err.Fields)
			}
			if string(err.Body()) != tc.body {
				t.Errorf("Body() is %q", err.Body())
			}
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, "client: execute issues.list: 400 Bad Request")
			wantText(t, err, tc.message, tc.code)
			for _, f := range tc.fields {
				wantText(t, err, f.Field, f.Message)
			}
		})
	}
}

func TestErrorHoldsWhatTheAnswerTells(t *testing.T) {
	err := refused(t, says(429, `{"message":"slow down"}`, "X-Request-Id", "req-7", "Retry-After", "12"))
	if err.StatusCode != 429 || err.RequestID != "req-7" || err.Method != "POST" || err.Path != executePath || err.Attempts != 1 || err.RetryAfter != 12*time.Second {
		t.Errorf("%#v", *err)
	}
	wantText(t, err, "request id req-7")
	for header, value := range map[string]string{
		"Request-Id": "a", "X-Correlation-Id": "b", "X-Amzn-Requestid": "c", "X-Amzn-Trace-Id": "Root=1-2", "Cf-Ray": "8a1-FRA",
	} {
		if err := refused(t, says(500, "", header, value)); err.RequestID != value {
			t.Errorf("of %s the request id is %q", header, err.RequestID)
		}
	}
	if err := refused(t, says(500, "", "X-Request-Id", strings.Repeat("x", 5000))); len(err.RequestID) > 200 {
		t.Errorf("a request id of %d bytes", len(err.RequestID))
	}
	// This includes responses with status 200.
	err = refused(t, says(200, `{"status":"error","error":"boom"}`, "X-Request-Id", "req-8"))
	if err.StatusCode != 200 || err.RequestID != "req-8" || err.Message != "boom" {
		t.Errorf("%#v", *err)
	}
	wantKinds(t, err, "ErrExecution")
}

func TestErrorKinds(t *testing.T) {
	for status, want := range map[int]string{
		400: "ErrInvalid", 401: "ErrUnauthorized", 402: "ErrUsageExceeded", 403: "ErrForbidden", 404: "ErrNotFound", 409: "", 410: "", 418: "",
		422: "ErrInvalid", 429: "ErrRateLimited", 500: "ErrServer", 501: "ErrServer", 503: "ErrServer", 599: "ErrServer", 300: "ErrBadResponse", 304: "ErrBadResponse",
	} {
		wantKinds(t, refused(t, says(status, "")), want)
	}
	for _, s := range sentinels {
		if s.err.Error() == "" || errors.Is(s.err, context.Canceled) {
			t.Errorf("%s says nothing", s.name)
		}
	}
	wrapped := fmt.Errorf("syncing: %w", refused(t, says(404, "")))
	wantKinds(t, wrapped, "ErrNotFound")
	if asError(t, wrapped).StatusCode != 404 {
		t.Error("errors.As finds another error")
	}
}

func TestErrorOfTheTokenEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, ok("[]"))
		s.token = says(401, `{"message":"unknown client app-secret-0815"}`, "X-Request-Id", "tok-1")
		err := read(t.Context(), newClientOfApp(t, s))
		e := asError(t, err)
		var tok *auth.TokenError
		if !errors.As(err, &tok) || tok.ClientSecretSource != auth.SourceOption {
			t.Fatalf("no *auth.TokenError in %v", err)
		}
		wantKinds(t, err, "ErrUnauthorized")
		if e.StatusCode != 401 || e.RequestID != "tok-1" || e.Attempts != 1 {
			t.Errorf("%#v", *e)
		}
		wantText(t, err, "client_secret from option", "check that both belong to the same Airbyte application")
		if strings.Contains(err.Error(), "app-secret") {
			t.Errorf("the secret is in %v", err)
		}
		s.wantSent(t, 0)
	})
}

func TestErrorTextIsShort(t *testing.T) {
	long := strings.Repeat("a very long story ", 10_000)
	object := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var many []map[string]any
	var deep []any
	for i := range 500 {
		many = append(many, map[string]any{"field": fmt.Sprint("field-", i), "message": long[:500], "error_code": long[:400]})
		deep = append(deep, long[:300])
	}
	for name, body := range map[string]string{
		"message":     object(map[string]any{"message": long}),
		"code":        object(map[string]any{"code": long, "message": long}),
		"text":        long,
		"HTML":        "<html><body>" + long,
		"many fields": object(map[string]any{"message": long, "errors": many}),
		"deep field":  object(map[string]any{"detail": []any{map[string]any{"loc": deep, "msg": long}}}),
	} {
		for _, status := range []int{400, 200} {
			err := refused(t, says(status, body))
			if n := len(err.Error()); n > 1000 {
				t.Errorf("%s with %d: the text has %d bytes: %s", name, status, n, err)
			}
			if len(err.Message) > 512 {
				t.Errorf("%s with %d: the message has %d bytes", name, status, len(err.Message))
			}
		}
	}
}

func TestErrorTextIsOneLine(t *testing.T) {
	s := serve(t, says(400, `{"message":"a\nb\u0000c\u2028d","code":"x\ny","errors":[{"field":"f\r","message":"\n\nm"}]}`, "X-Request-Id", "i\td"))
	c := newClient(t, s)
	_, bad := connectorOf(c).Execute(t.Context(), "issues\nx", "list\r\n", nil)
	_, input := c.DefaultWorkspace().ConnectorByID("no\nid").Execute(t.Context(), "a", "b", nil)
	_, slug := newClient(t, serve(t, says(200, `{"data":[{"name":"q\nr","summarized_source_template":{"connector_name":"s\nt"}}]}`))).Workspace("w\nx").Connector(t.Context(), "u\nv")
	source := read(t.Context(), newClient(t, s, client.WithTokenSource(sourceFunc(func(context.Context) (*auth.Token, error) {
		return nil, errors.New("two\nlines")
	}))))
	for _, err := range []error{bad, input, slug, source} {
		if err == nil || strings.ContainsAny(err.Error(), "\n\r\t\x00\u2028") {
			t.Errorf("not one line: %q", err)
		}
	}
}

func TestErrorBodyIsBounded(t *testing.T) {
	const mib = 1 << 20
	for name, answer := range map[string]reply{
		"500":          sends(500, func(*http.Request) io.Reader { return io.LimitReader(zeros{}, 3*mib) }, -1),
		"200, no JSON": sends(200, func(*http.Request) io.Reader { return io.LimitReader(zeros{}, 3*mib) }, 3*mib),
		"200, HTML":    sends(200, func(*http.Request) io.Reader { return io.LimitReader(zeros{}, 3*mib) }, -1, "Content-Type", "text/html"),
		"200, cut off": sends(200, func(*http.Request) io.Reader {
			return io.MultiReader(strings.NewReader(`{"status":"`), io.LimitReader(zeros{}, 3*mib))
		}, -1),
		"200, no JSON after": sends(200, func(*http.Request) io.Reader {
			return io.MultiReader(strings.NewReader(`{"status":"success"}`), io.LimitReader(zeros{}, 3*mib))
		}, -1),
	} {
		t.Run(name, func(t *testing.T) {
			err := refused(t, answer)
			if n := len(err.Body()); n > mib || n < mib {
				t.Errorf("Body() has %d bytes, want the first 1 MiB", n)
			}
		})
	}
	err := refused(t, says(400, `{"message":"x"}`))
	err.Body()[0] = 'X'
	if string(err.Body()) != `{"message":"x"}` {
		t.Error("the caller can change what the error holds")
	}
	if (&client.Error{}).Body() != nil {
		t.Error("an error without a body has one")
	}
}

// Attempts has the requests of the call, and those of a token fetch only if it failed.
func TestAttemptsLeaveOutTokens(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	w, err := client.NewWorkspace(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Client().Workspace("nowhere").ListConnectors(t.Context())
	if e := asError(t, err); e.Attempts != 1 || fake.Count("") != 2 || fake.Count("createToken") != 1 {
		t.Errorf("%d attempts, %d requests: %v", e.Attempts, fake.Count(""), err)
	}
}

// zeros is text without an end that is not JSON.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("0"), len(p))), nil }

// A service that repeats what it received must not put secrets into logs.
func TestErrorRepeatsNoSecret(t *testing.T) {
	const secret = `ghp_"quoted"/<&>\secret`
	inJSON, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	escaped := strings.Trim(string(inJSON), `"`)
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(secret); err != nil {
		t.Fatal(err)
	}
	other := strings.Trim(strings.TrimSpace(plain.String()), `"`)
	unusual := strings.ReplaceAll(other, "/", `\/`)
	for name, value := range map[string]string{"as it is": secret, "as Go escapes": escaped, "as others escape": other, "as PHP escapes": unusual} {
		bodies := map[string]string{
			"message":    `{"message":"bad token ` + value + `"}`,
			"code":       `{"code":"` + value + `"}`,
			"fields":     `{"errors":[{"field":"` + value + `","message":"no ` + value + `","error_code":"` + value + `","details":{"got":"` + value + `","all":["` + value + `"],"in":{"` + value + `":1}}}]}`,
			"detail":     `{"detail":[{"loc":["body","` + value + `"],"msg":"` + value + `","input":"` + value + `"}]}`,
			"text":       "we got " + value,
			"HTML":       "<title>" + value + "</title>",
			"far inside": strings.Repeat("x", 505) + " " + value,
		}
		for shape, body := range bodies {
			for _, status := range []int{400, 200} {
				t.Run(fmt.Sprint(name, "/", shape, "/", status), func(t *testing.T) {
					c := newClient(t, serve(t, says(status, body, "Content-Type", map[bool]string{true: "text/html", false: "application/json"}[shape == "HTML"])), client.WithMaxRetries(0))
					_, err := c.DefaultWorkspace().CreateConnector(t.Context(), client.CreateConnectorRequest{
						ConnectorType: "github",
						Credentials:   map[string]any{"a": map[string]string{"token": secret}, "b": []string{secret}},
					})
					if status == 200 && err == nil {
						return // another form of success
					}
					wantNoSecret(t, asError(t, err), "ghp_", "quoted", "secret")
				})
			}
		}
	}
	t.Run("token", func(t *testing.T) {
		for _, status := range []int{400, 401, 200} {
			for _, body := range []string{
				`{"message":"the token ` + stubToken + ` is bad","status":"error"}`,
				`{"error":{"message":"the token ` + stubToken + ` is bad"},"status":"failed"}`,
				`"` + stubToken + `"`, `{"status":"` + stubToken + `"}`, `["` + stubToken + `"]`, `{"status":["` + stubToken + `"],"result":"` + stubToken + `"}`,
				`{"status":"error","error":{"errors":[{"field":"` + stubToken + `"}]},"message":"` + stubToken + `"}`,
				`{"status":"error","error":"` + strings.Repeat("x", 500) + " " + stubToken + `"}`,
				"<p>the token " + stubToken, strings.Repeat("x", 500) + " " + stubToken,
			} {
				for name, do := range map[string]func(*client.Client) error{
					"execute": func(c *client.Client) error { return read(t.Context(), c) },
					"typed": func(c *client.Client) error {
						_, _, err := client.Execute[[]row](t.Context(), connectorOf(c), "a", "list", nil)
						return err
					},
					"all": func(c *client.Client) error {
						_, errs := collect(client.All[row](t.Context(), connectorOf(c), "a", "list", nil))
						return errs[0]
					},
					"download": func(c *client.Client) error {
						d, err := connectorOf(c).Download(t.Context(), "a", nil)
						if err == nil { // JSON that is no envelope is a file
							_ = d.Close()
							err = &client.Error{}
						}
						return err
					},
				} {
					err := do(newClient(t, serve(t, says(status, body, "X-Request-Id", "for-"+stubToken))))
					if err == nil {
						t.Fatalf("%s of %d %s: no error", name, status, body)
					}
					wantNoSecret(t, asError(t, err), stubToken, "stub-to")
				}
			}
		}
	})
}

// wantNoSecret looks for parts of a secret in everything that an error shows.
func wantNoSecret(t *testing.T, err *client.Error, parts ...string) {
	t.Helper()
	var logs bytes.Buffer
	slog.New(slog.NewJSONHandler(&logs, nil)).Error("x", "err", err)
	seen := map[string]string{
		"text": err.Error(), "%#v": fmt.Sprintf("%#v", err), "message": err.Message, "code": err.Code, "request id": err.RequestID,
		"fields": fmt.Sprintf("%#v", err.Fields), "body": string(err.Body()), "log": logs.String(),
	}
	for e := error(err); e != nil; e = errors.Unwrap(e) {
		seen["chain"] += e.Error()
	}
	for where, text := range seen {
		for _, p := range parts {
			if strings.Contains(text, p) {
				t.Errorf("the %s has %q: %s", where, p, text[:min(len(text), 600)])
				return
			}
		}
	}
}

func TestErrorLogsAndMarshals(t *testing.T) {
	err := refused(t, says(404, `{"message":"gone","code":"g"}`, "X-Request-Id", "r1"))
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Error("x", "err", err)
	var line struct {
		Err map[string]any `json:"err"`
	}
	if e := json.Unmarshal(b.Bytes(), &line); e != nil {
		t.Fatal(e)
	}
	for k, want := range map[string]any{"status": 404.0, "code": "g", "request_id": "r1", "method": "POST", "path": executePath, "attempts": 1.0, "error": err.Error()} {
		if line.Err[k] != want {
			t.Errorf("logged %s is %v, want %v", k, line.Err[k], want)
		}
	}
	if got := fmt.Sprint((&client.Error{Message: "m", Attempts: 2}).LogValue()); got != "[error=client: m (2 attempts) attempts=2]" {
		t.Errorf("an error without a response is logged as %s", got)
	}
	if got := fmt.Sprint((&client.Error{Message: "m", RetryAfter: 2 * time.Second, Retryable: true, OutcomeUnknown: true}).LogValue()); !strings.HasSuffix(got, " retry_after=2s retryable=true outcome_unknown=true]") {
		t.Errorf("what to do is logged as %s", got)
	}
	text, e := json.Marshal(err)
	if e != nil || !strings.Contains(string(text), "gone") {
		t.Errorf("%s %v", text, e)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		for _, v := range []any{err, *err, struct{ E client.Error }{*err}.E} {
			if got := fmt.Sprintf(verb, v); got != err.Error() {
				t.Errorf("%s of %T prints %s", verb, v, got)
			}
		}
	}
	// A value shows what the pointer shows, and not the body.
	logged := func(v any) string {
		var b bytes.Buffer
		hide := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
		opts := &slog.HandlerOptions{ReplaceAttr: hide}
		slog.New(slog.NewJSONHandler(&b, opts)).Error("x", "err", v)
		slog.New(slog.NewTextHandler(&b, opts)).Error("x", "err", v)
		return b.String()
	}
	marshaled := func(v any) string {
		one, e1 := json.Marshal(v)
		two, e2 := jsonv2.Marshal(v)
		return fmt.Sprint(string(one), e1, string(two), e2)
	}
	if got, want := logged(*err), logged(err); got != want {
		t.Errorf("a value is logged as\n%s, a pointer as\n%s", got, want)
	}
	if got, want := marshaled([]any{*err}), marshaled([]any{err}); got != want {
		t.Errorf("a value is marshaled as\n%s, a pointer as\n%s", got, want)
	}
	var none *client.Error
	if got := fmt.Sprintf("%v %s", none, none); got != "<nil> <nil>" {
		t.Errorf("nil prints %s", got)
	}
	if (&client.Error{}).Error() == "client: " {
		t.Error("the zero Error says nothing")
	}
}

// Names that the service suggests are in the text of the error, once.
func TestErrorNamesWhatIsClose(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"in the message", `{"message":"Unknown field 'titel'. Closest fields: title, state"}`, "Unknown field 'titel'. Closest fields: title, state"},
		{
			"in the message of a field", `{"message":"Validation failed","errors":[{"field":"params.query","message":"Unknown field titel; closest: title","details":{"closest_fields":["title"]}}]}`,
			"Validation failed; params.query: Unknown field titel; closest: title",
		},
		{
			"in details", `{"message":"Validation failed","errors":[{"field":"params.query","message":"Unknown field","details":{"closest_fields":["title","state",7,""],"input":"titel"}}]}`,
			"Validation failed; params.query: Unknown field (closest fields: title, state)",
		},
		{"details alone", `{"errors":[{"field":"a","message":"b","details":{"suggestion":"c","similar":["d"]}}]}`, "a: b; (similar: d; suggestion: c)"},
		{"many", `{"message":"m","errors":[{"message":"n","details":{"did_you_mean":["a1","b1","c1","d1","e1","f1"]}}]}`, "m; n (did you mean: a1, b1, c1, d1, e1)"},
		{"what is valid", `{"message":"m","errors":[{"message":"n","details":{"valid_filters":["eq","gt"],"invalid_filter":"like","unsupported":["x"]}}]}`, "m; n (valid filters: eq, gt)"},
		{"some of it in other words", `{"message":"m","errors":[{"message":"closest: contains","details":{"valid_filters":["contains","in","not"]}}]}`, "m; closest: contains (valid filters: contains, in, not)"},
		{"all of it said", `{"message":"m","errors":[{"message":"one of not_in, in","details":{"valid_filters":["in","not_in"]}}]}`, "m; one of not_in, in"},
		{"of other types", `{"message":"m","errors":[{"message":"n","details":{"closest":{"a":1},"similar":null}}]}`, "m; n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, says(422, tt.body))
			if want := "422 Unprocessable Entity: " + tt.want; !strings.Contains(err.Error(), want+" (connector ") {
				t.Errorf("got %s, want …%s (connector …", err, want)
			}
		})
	}
	c, _ := fakeClient(t)
	github, err := c.DefaultWorkspace().Connector(t.Context(), "github")
	if err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[*client.Filter]string{
		new(client.Where("titel").Eq("x")):                                             "closest: title",
		new(client.RawFilter(map[string]any{"like": map[string]any{"title": "%x%"}})):  "closest: contains, startswith, endswith",
		new(client.RawFilter(map[string]any{"match": map[string]any{"title": "%x%"}})): "valid filters: array_contains, ",
	} {
		err := walk(client.Search[map[string]any](t.Context(), github, "issues", client.Query{Filter: *filter}))
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, want)
	}
}

// The problems of fields have the names of the service's own, so that they can be
// handed on.
func TestFieldErrorsMarshal(t *testing.T) {
	const fields = `[{"field":"a.b","message":"no","error_code":"bad","details":{"max":100}},{"message":"all of it"}]`
	err := refused(t, says(422, `{"errors":`+fields+`}`))
	b, e := json.Marshal(err.Fields)
	if e != nil || string(b) != fields {
		t.Errorf("got  %s %v\nwant %s", b, e, fields)
	}
	var again []client.FieldError
	if e := json.Unmarshal(b, &again); e != nil || !reflect.DeepEqual(again, err.Fields) {
		t.Errorf("%+v %v", again, e)
	}
}

// What a server answers follows from what its caller can do about the error.
func TestHTTPStatus(t *testing.T) {
	answered := func(answer reply) error { return refused(t, answer) }
	token := func(answer reply) error {
		s := serve(t, ok("[]"))
		s.token = answer
		return read(t.Context(), makeClient(t, s, client.WithCredentials("app", clientSecret)))
	}
	ended := func(ctx context.Context, cancel context.CancelFunc) error {
		defer cancel()
		return read(ctx, newClient(t, serve(t, ok("[]"))))
	}
	_, unconfigured := client.New(client.WithMaxRetries(-1))
	_, notAUUID := newClient(t, serve(t)).WorkspaceInfo(t.Context(), "acme")
	_, noConnector := newClient(t, serve(t, list())).DefaultWorkspace().Connector(t.Context(), "github")
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"nil":                     {nil, 200},
		"400":                     {answered(says(400, "{}")), 400},
		"400, which organization": {answered(says(400, `{"message":"Specify the organization"}`)), 500},
		"422":                     {answered(says(422, "{}")), 400},
		"refused input":           {notAUUID, 400},
		"wrapped":                 {fmt.Errorf("x: %w", notAUUID), 400},
		"joined":                  {errors.Join(io.EOF, notAUUID), 400},
		"401":                     {answered(says(401, "{}")), 502},
		"402":                     {answered(says(402, "{}")), 502},
		"403":                     {answered(says(403, "{}")), 502},
		"404":                     {answered(says(404, "{}")), 404},
		"no such connector":       {noConnector, 404},
		"ErrWorkspaceNotFound":    {client.ErrWorkspaceNotFound, 404},
		"several connectors":      {client.ErrConnectorAmbiguous, 409},
		"several definitions":     {client.ErrDefinitionAmbiguous, 409},
		"429":                     {answered(says(429, "{}")), 429},
		"429 and a time":          {answered(says(429, "{}", "Retry-After", "120")), 429},
		"500":                     {answered(says(500, "{}")), 502},
		"503":                     {answered(says(503, "{}")), 502},
		"503 and a time":          {answered(says(503, "{}", "Retry-After", "120")), 503},
		"500 and a time":          {answered(says(500, "{}", "Retry-After", "120")), 503},
		"409":                     {answered(says(409, "{}")), 502},
		"failed action":           {answered(says(200, `{"status":"error","message":"no"}`)), 502},
		"ErrPaging":               {client.ErrPaging, 502},
		"ErrNoConsent":            {client.ErrNoConsent, 400},
		"not JSON":                {answered(says(200, "<p>")), 502},
		"no network":              {answered(fails(errReset)), 502},
		"canceled":                {ended(context.WithCancel(canceled())), 499},
		"deadline":                {ended(context.WithDeadline(t.Context(), time.Now().Add(-time.Second))), 504},
		"ErrWaitedTooLong":        {errors.Join(client.ErrWaitedTooLong, client.ErrServer), 504},
		"token 400":               {token(says(400, "{}")), 502},
		"token 401":               {token(says(401, "{}")), 502},
		"token 404":               {token(says(404, "{}")), 502},
		"token 429":               {token(says(429, "{}", "Retry-After", "120")), 429},
		"token 503":               {token(says(503, "{}", "Retry-After", "120")), 503},
		"token alone":             {&auth.TokenError{StatusCode: 404}, 502},
		"configuration":           {unconfigured, 500},
		"no credentials":          {auth.ErrNoCredentials, 500},
		"ErrResponseTooLarge":     {client.ErrResponseTooLarge, 500},
		"another's":               {io.EOF, 500},
		"zero":                    {new(client.Error), 500},
	} {
		if got := client.HTTPStatus(tc.err); got != tc.want {
			t.Errorf("%s: %d, want %d: %v", name, got, tc.want, tc.err)
		}
	}
}

// canceled returns a ctx that has ended.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// An error says what to do about a missing organization or role.
func TestErrorSaysWhatIsMissing(t *testing.T) {
	const organization, admin = "WithOrganizationID", "the role of workspace admin"
	several := `{"message":"You belong to several organizations. Specify the organization."}`
	workspaces := says(200, `{"data":[{"id":"`+stubID+`","name":"acme","organization_id":"`+stubOrg+`"}]}`)
	scoped := func(ctx context.Context, c *client.Client) error {
		_, err := c.Workspace("acme").ScopedToken(ctx)
		return err
	}
	remove := func(ctx context.Context, c *client.Client) error { return c.Workspace("acme").Delete(ctx) }
	ensure := func(ctx context.Context, c *client.Client) error { return c.Workspace("acme").Ensure(ctx) }
	widget := func(ctx context.Context, c *client.Client) error {
		_, err := c.Workspace("acme").WidgetToken(ctx, client.WidgetRequest{Origin: "https://app.example.com"})
		return err
	}
	own := []client.Option{client.WithOrganizationID(stubOrg)}
	for _, tt := range []struct {
		name    string
		call    func(context.Context, *client.Client) error
		opts    []client.Option
		token   reply // of the application
		answers []reply
		want    string
		not     string
	}{
		{"several organizations", read, nil, nil, []reply{says(400, several)}, organization, admin},
		{"several, as a field", read, nil, nil, []reply{says(400, `{"message":"Bad Request","errors":[{"field":"header.x-organization-id","message":"is required"}]}`)}, organization, admin},
		{"several, of a token", read, nil, says(400, several), nil, organization, admin},
		{"one was given", read, own, nil, []reply{says(400, several)}, "Specify", organization},
		{"an entity of that name", read, nil, nil, []reply{says(400, `{"message":"organizations has no action list"}`)}, "no action", organization},
		{"a parameter of that name", read, nil, nil, []reply{says(400, `{"message":"Bad Request","errors":[{"field":"body.params.organization","message":"Field required"}]}`)}, "Field required", organization},
		{"another mistake", read, nil, nil, []reply{says(400, `{"message":"No such field"}`)}, "No such field", organization},
		{"another status", read, nil, nil, []reply{says(422, several)}, "Specify", organization},
		{"a token of a workspace", scoped, nil, nil, []reply{workspaces, says(403, `{"detail":"Forbidden"}`)}, admin, organization},
		{"a client of a workspace", read, []client.Option{client.WithScopedToken(), client.WithWorkspaceName("acme")}, nil, []reply{workspaces, says(403, "")}, admin, organization},
		{"a client that creates its workspace", read, []client.Option{client.WithScopedTokenCreatingWorkspace()}, nil, []reply{says(403, "")}, admin, organization},
		{"creating a workspace", ensure, nil, nil, []reply{says(200, `{"data":[]}`), says(403, "")}, admin, organization},
		{"deleting a workspace", remove, nil, nil, []reply{workspaces, says(403, "")}, admin, organization},
		{"a token for the widget", widget, nil, nil, []reply{says(403, "")}, admin, organization},
		{"the application", read, nil, says(403, ""), nil, "same Airbyte application", admin},
		{"something else", read, nil, nil, []reply{says(403, "")}, "403", admin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.answers...)
			s.token = tt.token
			err := tt.call(t.Context(), newClientOfApp(t, s, append(tt.opts, client.WithMaxRetries(0))...))
			wantText(t, asError(t, err), tt.want)
			if strings.Contains(err.Error(), tt.not) || strings.Count(err.Error(), tt.want) != 1 {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A server without TLS whose address was given without a scheme.
func TestErrorOfAMissingScheme(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	host := strings.TrimPrefix(fake.URL, "http://")
	for name, opts := range map[string][]client.Option{
		"token request": {client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)},
		"request":       {client.WithTokenSource(auth.Static("t"))},
	} {
		c, err := client.New(append(opts, client.WithBaseURL(host), client.WithMaxRetries(0))...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.DefaultWorkspace().ListConnectors(t.Context())
		wantKinds(t, err, "ErrNetwork")
		if !strings.Contains(err.Error(), "begin the base URL with http://") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who misspells an entity or an action learns where the names are.
func TestMisspelledNames(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	github, err := client.Connect(t.Context(), "github", client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][2]string{{"isues", "list"}, {"issues", "lst"}} {
		_, err := github.Execute(t.Context(), names[0], names[1], nil)
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "; Describe lists the entities and their actions")
	}
	if _, err := github.Execute(t.Context(), "issues", "get", nil); err == nil || strings.Contains(err.Error(), "Describe") {
		t.Errorf("a missing parameter: %v", err)
	}
}

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// TestPeers has a subtest for each of the problems that users of other clients
// of the service have, and shows that this client does not have it. Most have
// more thorough tests elsewhere.
func TestPeers(t *testing.T) {
	type test struct {
		name string
		do   func(*testing.T)
	}
	for _, tc := range []test{
		{"the lifetime of tokens is believed", func(t *testing.T) {
			s := serve(t, ok("[]"))
			s.token = says(200, `{"access_token":"short","expires_in":30}`)
			c := newClientOfApp(t, s)
			for range 3 {
				if err := read(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				time.Sleep(31 * time.Second)
			}
			if s.tokenRequests() != 3 {
				t.Errorf("%d tokens for three half minutes", s.tokenRequests())
			}
		}},
		{"twenty first calls share a token request", func(t *testing.T) {
			s := serve(t, ok("[]"))
			s.token = later(time.Second, says(200, `{"access_token":"one","expires_in":900}`))
			c := newClientOfApp(t, s)
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if err := read(t.Context(), c); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if s.tokenRequests() != 1 {
				t.Errorf("%d token requests", s.tokenRequests())
			}
		}},
		{"a revoked token is replaced", func(t *testing.T) {
			s := serve(t, ok("[]"), says(401, ""), ok("[]"))
			c := newClientOfApp(t, s)
			for range 3 {
				if err := read(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			s.wantSent(t, 4)
			if s.tokenRequests() != 2 {
				t.Errorf("%d token requests", s.tokenRequests())
			}
		}},
		{"reads are tried again, as Retry-After says", func(t *testing.T) {
			s := serve(t, says(429, "", "Retry-After", "3"), says(502, ""), ok("[]"))
			start := time.Now()
			if err := read(t.Context(), newClient(t, s)); err != nil {
				t.Fatal(err)
			}
			if time.Since(start) < 3*time.Second {
				t.Errorf("after %v", time.Since(start))
			}
		}},
		{"writes are not", func(t *testing.T) {
			s := serve(t, says(502, ""), ok("{}"))
			wantKinds(t, write(t.Context(), newClient(t, s)), "ErrServer")
			s.wantSent(t, 1)
		}},
		{"three requests for the first call, one for the next", func(t *testing.T) {
			s := serveRoutes(t, map[string]reply{
				"GET " + listPath:     list(strings.Replace(listed(1, "github", "GitHub", "x"), numbered(1), stubID, 1)),
				"POST " + executePath: ok("[]"),
			})
			conn, err := client.Connect(t.Context(), "github", client.WithBaseURL(stubURL), client.WithCredentials("app", "s"), client.WithHTTPClient(&http.Client{Transport: s}))
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []int{3, 4, 5} {
				if _, err := conn.Execute(t.Context(), "issues", "list", nil); err != nil {
					t.Fatal(err)
				}
				if n := len(s.requests()) + s.tokenRequests(); n != want {
					t.Errorf("after call %d: %d requests, want %d", i+1, n, want)
				}
			}
		}},
		{"connecting heeds the ctx", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := client.Connect(ctx, "github", client.WithBaseURL(stubURL), client.WithTokenSource(auth.Static("x")), client.WithHTTPClient(&http.Client{Transport: serve(t, hangs)}))
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		}},
		{"base URL, timeout, HTTP client, token source and logger are configurable", func(t *testing.T) {
			_, err := client.New(client.WithBaseURL(stubURL), client.WithTimeout(time.Second), client.WithAttemptTimeout(time.Second), client.WithHTTPClient(http.DefaultClient),
				client.WithTokenSource(auth.Static("x")), client.WithLogger(slog.New(slog.DiscardHandler)))
			if err != nil {
				t.Error(err)
			}
		}},
		{"a failure in a 200 is an error", func(t *testing.T) {
			err := refused(t, says(200, `{"result":[{"id":1}],"status":"error","message":"the vendor said no"}`))
			wantKinds(t, err, "ErrExecution")
			wantText(t, err, "the vendor said no")
		}},
		{"a result that is missing is none", func(t *testing.T) {
			rows, r, err := client.Execute[[]row](t.Context(), connectorOf(newClient(t, serve(t, says(200, `{"status":"success"}`)))), "a", "list", nil)
			if err != nil || len(rows) != 0 || r.Status != "success" {
				t.Errorf("%v %v %v", rows, r, err)
			}
		}},
		{"HTML in a 200 is an error that shows it", func(t *testing.T) {
			err := refused(t, says(200, "<html><title>Maintenance</title></html>", "Content-Type", "text/html"))
			wantText(t, err, "not JSON", "text/html", "Maintenance")
			if !strings.Contains(string(err.Body()), "<title>") {
				t.Errorf("Body() is %q", err.Body())
			}
		}},
		{"downloads stream", func(t *testing.T) {
			d := mustDownload(t, file("\x00\xff\xfe bytes"))
			if got, err := io.ReadAll(d); err != nil || string(got) != "\x00\xff\xfe bytes" {
				t.Errorf("%q %v", got, err)
			}
		}},
		{"fields have the names of the wire", func(t *testing.T) {
			type record struct {
				NodeID string `json:"node_id"`
				URL    string `json:"HTMLUrl"`
			}
			got, _, err := client.Execute[[]record](t.Context(), connectorOf(newClient(t, serve(t, ok(`[{"node_id":"n","HTMLUrl":"u","htmlurl":"other"}]`)))), "a", "list", nil)
			if err != nil || len(got) != 1 || got[0] != (record{"n", "u"}) {
				t.Errorf("%v %v", got, err)
			}
		}},
		{"one record that drifted does not fail its page", func(t *testing.T) {
			rows, errs := collect(client.All[row](t.Context(), connectorOf(newClient(t, serve(t, ok(`[{"id":1},{"id":"two"},{"id":3}]`)))), "a", "list", nil))
			var rec *client.RecordError
			bad := 0
			for _, err := range errs {
				if err != nil {
					bad++
					if !errors.As(err, &rec) || rec.Index != 1 || rec.Field != "id" || string(rec.Raw) != `{"id":"two"}` {
						t.Errorf("%+v", rec)
					}
				}
			}
			if bad != 1 || !strings.HasPrefix(ids(rows), "1 ") || !strings.HasSuffix(ids(rows), " 3") {
				t.Errorf("%d errors, rows %s", bad, ids(rows))
			}
		}},
		{"null, absent and empty are three things", func(t *testing.T) {
			s := serve(t, ok("{}"))
			c := connectorOf(newClient(t, s))
			for params, want := range map[*client.Params]string{
				{"a": nil}: `{"a":null}`, {}: `{}`, {"a": ""}: `{"a":""}`, {"a": []any{}}: `{"a":[]}`, {"a": json.Number("9007199254740993")}: `{"a":9007199254740993}`,
			} {
				if _, err := c.Execute(t.Context(), "x", "create", *params); err != nil {
					t.Fatal(err)
				}
				all := s.requests()
				var sent struct {
					Params json.RawMessage `json:"params"`
				}
				if err := json.Unmarshal([]byte(all[len(all)-1].Body), &sent); err != nil || string(sent.Params) != want && (want != "{}" || sent.Params != nil) {
					t.Errorf("sent %s, want %s (%v)", sent.Params, want, err)
				}
			}
			for _, tc := range []struct {
				entities []gen.RequestedEntity
				want     string
			}{{nil, "absent"}, {[]gen.RequestedEntity{}, "[]"}} {
				s := serve(t, says(200, `{}`))
				var r gen.ConnectorUpdateRequest
				if tc.entities != nil {
					r.Entities = gen.Value(tc.entities)
				}
				if _, err := newClient(t, s).API().UpdateConnectorWithResponse(t.Context(), stubID, &gen.UpdateConnectorParams{}, r); err != nil {
					t.Fatal(err)
				}
				got := "absent"
				if v, ok := s.requests()[0].decoded(t)["entities"]; ok {
					got = fmt.Sprint(v)
				}
				if got != tc.want {
					t.Errorf("entities are sent as %s, want %s", got, tc.want)
				}
			}
		}},
		{"looking up a workspace reads every page", func(t *testing.T) {
			s := serve(t, workspacePage("?cursor=2", "acme-1"), workspacePage("?cursor=3"), workspacePage("", "acme"))
			if info, err := newClient(t, s).Workspace("acme").Info(t.Context()); err != nil || info.ID != "id-acme" {
				t.Errorf("%v %v", info, err)
			}
			s.wantSent(t, 3)
		}},
		{"all errors are of one type", func(t *testing.T) {
			c := newClient(t, serve(t, says(400, "x")))
			conn := connectorOf(c)
			_, listErr := c.DefaultWorkspace().ListConnectors(t.Context())
			_, idErr := c.DefaultWorkspace().ConnectorByID("x").Inspect(t.Context())
			_, saveErr := mustDownload(t, file("x")).Save(t.TempDir())
			_, newErr := client.New(nil)
			_, badParams := conn.Execute(t.Context(), "a", "list", client.Params{"f": func() {}})
			_, emptyAction := conn.Execute(t.Context(), "a", "", nil)
			_, pages := collect(client.All[row](t.Context(), conn, "a", "list", nil))
			s := serve(t)
			s.token = says(403, "")
			refusedToken := newClientOfApp(t, s)
			for i, err := range []error{
				read(t.Context(), c), listErr, idErr, saveErr, newErr, badParams, emptyAction, pages[0], read(t.Context(), refusedToken),
				read(t.Context(), newClient(t, serve(t, fails(errRefused)))), refused(t, says(200, "{")),
			} {
				if err == nil {
					t.Errorf("error %d is nil", i)
					continue
				}
				asError(t, err)
			}
		}},
		{"field errors, codes, request ids and dates of Retry-After are kept", func(t *testing.T) {
			at := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
			err := refused(t, says(429, `{"message":"m","errors":[{"field":"f","message":"n","error_code":"c"}]}`, "Retry-After", at, "X-Request-Id", "r"))
			if err.RetryAfter != 90*time.Second || err.RequestID != "r" || err.Code != "c" || len(err.Fields) != 1 || err.Fields[0].Field != "f" {
				t.Errorf("%#v", *err)
			}
		}},
		{"secrets do not print", func(t *testing.T) {
			c := newClientOfApp(t, serve(t))
			for _, v := range []any{c, c.DefaultWorkspace(), connectorOf(c), client.WithClientSecret("app-secret-0815")} {
				if text := fmt.Sprintf("%v %+v %#v", v, v, struct{ v any }{v}); strings.Contains(text, "app-secret") {
					t.Errorf("%T prints %s", v, text)
				}
			}
		}},
		{"a download that fails leaves the good file", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(path, []byte("good"), 0o600); err != nil {
				t.Fatal(err)
			}
			bad := sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader("ba"), errReset} }, -1, "Content-Type", "text/csv")
			if _, err := mustDownload(t, bad).Save(path); err == nil {
				t.Error("no error")
			}
			wantContent(t, path, "good")
		}},
		{"credentials do not follow redirects to another origin", func(t *testing.T) {
			s := serve(t, says(307, "", "Location", "https://evil.test/"))
			if err := read(t.Context(), newClient(t, s)); !errors.Is(err, auth.ErrUnsafe) {
				t.Error(err)
			}
			s.wantSent(t, 1)
		}},
		{"a connector that is newer than this package has a name", func(t *testing.T) {
			c, err := newClient(t, serve(t, list(listed(1, "made-up-tomorrow", "Made Up Tomorrow", "x")))).DefaultWorkspace().Connector(t.Context(), "made-up-tomorrow")
			if err != nil || c.ID() != numbered(1) {
				t.Errorf("%v %v", c, err)
			}
		}},
		{"all pages, also where the cursor is called otherwise", func(t *testing.T) {
			v := &vendor{answer: func(n int, params map[string]any) string {
				if n == 0 {
					return success(`[{"id":1}]`, `{"has_next_page":true,"end_cursor":"c"}`)
				}
				if params["after"] != "c" {
					return success(`[{"id":1}]`, `{"has_next_page":true,"end_cursor":"c"}`)
				}
				return success(`[{"id":2}]`, `{"has_next_page":false}`)
			}}
			rows, errs := collect(client.All[row](t.Context(), v.connector(t, "github"), "issues", "list", nil))
			if ids(rows) != "1 2" || errors.Join(errs...) != nil {
				t.Errorf("%s %v", ids(rows), errs)
			}
		}},
		{"a call does not hold up others while it waits for a token", func(t *testing.T) {
			s := serve(t, ok("[]"))
			s.token = later(10*time.Second, says(200, `{"access_token":"x","expires_in":900}`))
			c := newClientOfApp(t, s)
			go func() { _ = read(t.Context(), c) }()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			if err := read(ctx, c); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
			time.Sleep(time.Minute)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { synctest.Test(t, tc.do) })
	}
}

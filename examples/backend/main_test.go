package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A world is the backend with the service behind it, which it calls in memory: in a
// synctest bubble, pauses take no time. All settings are given, so that none comes from
// the environment.
type world struct {
	*backend
	t    *testing.T
	fake *agentstest.Service
	log  bytes.Buffer
}

func start(t *testing.T, opts ...agentstest.Option) *world {
	t.Helper()
	w := &world{t: t, fake: agentstest.New(opts...)}
	var err error
	w.backend, err = newBackend(tenants, "a key of the test alone", slog.New(slog.NewTextHandler(&w.log, nil)),
		client.WithHTTPClient(&http.Client{Transport: w.fake.Transport()}),
		client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName("the default, which no tenant has"))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// send sends a request of a tenant and returns the response.
func (w *world) send(tenant, method, target, body string) response {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer key-of-"+tenant)
	rec := httptest.NewRecorder()
	w.handler().ServeHTTP(rec, req)
	resp := response{status: rec.Code, retryAfter: rec.Header().Get("Retry-After"), text: rec.Body.String()}
	if err := json.Unmarshal(rec.Body.Bytes(), &resp.body); err != nil {
		w.t.Fatalf("%s %s: %v: %s", method, target, err, rec.Body)
	}
	return resp
}

// A response is a response to a tenant.
type response struct {
	status     int
	retryAfter string
	text       string
	body       map[string]any // the text, decoded
}

// connected connects the account of a tenant.
func (w *world) connected(tenant string) {
	w.t.Helper()
	if resp := w.send(tenant, "PUT", "/stripe", `{"api_key": "sk_test_1"}`); resp.status != http.StatusCreated {
		w.t.Fatalf("%s: %d %s", tenant, resp.status, resp.text)
	}
}

func TestConnect(t *testing.T) {
	w := start(t)
	for _, test := range []struct {
		what, tenant, body string
		status             int
		want               string
	}{
		{"no key", "acme", `{}`, http.StatusBadRequest, "api_key"},
		{"a key that Stripe refuses", "acme", `{"api_key": "invalid"}`, http.StatusUnprocessableEntity, "Stripe refuses"},
		{"a good key", "acme", `{"api_key": "sk_test_1"}`, http.StatusCreated, "true"},
		{"a key in place of it", "acme", `{"api_key": "sk_test_4"}`, http.StatusConflict, "disconnect it first"},
		{"another tenant", "globex", `{"api_key": "sk_test_2"}`, http.StatusCreated, "true"},
		{"somebody", "nobody", `{"api_key": "sk_test_3"}`, http.StatusUnauthorized, "unknown key"},
	} {
		resp := w.send(test.tenant, "PUT", "/stripe", test.body)
		if resp.status != test.status || !strings.Contains(resp.text, test.want) {
			t.Errorf("%s: %d %s, want %d and %s", test.what, resp.status, resp.text, test.status, test.want)
		}
		if strings.Contains(resp.text+w.log.String(), "sk_test") {
			t.Errorf("%s: the response or the log shows the key: %s %s", test.what, resp.text, &w.log)
		}
	}
	if n := w.fake.Count("createConnector"); n != 2 {
		t.Errorf("%d requests to create a connector", n)
	}
}

// Requests of a tenant that come at once make one connector.
func TestConnectAtOnce(t *testing.T) {
	w := start(t)
	var statuses [5]int
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() { statuses[i] = w.send("acme", "PUT", "/stripe", `{"api_key": "sk_test_1"}`).status })
	}
	all.Wait()
	slices.Sort(statuses[:])
	if want := [5]int{201, 409, 409, 409, 409}; statuses != want {
		t.Error(statuses)
	}
	if n := w.fake.Count("createConnector"); n != 1 {
		t.Errorf("%d requests to create a connector", n)
	}
}

// To replace a key is to disconnect and to connect again, at once, although the service
// goes on to list what it deletes.
func TestReplaceKey(t *testing.T) {
	w := start(t, agentstest.WithDeleteDelay(time.Hour))
	w.connected("acme")
	w.connected("globex")
	if resp := w.send("acme", "GET", "/customers", ""); resp.status != http.StatusOK { // so that there is a handle
		t.Fatal(resp.status, resp.text)
	}
	if resp := w.send("acme", "DELETE", "/stripe", ""); resp.status != http.StatusOK {
		t.Fatal(resp.status, resp.text)
	}
	if resp := w.send("acme", "GET", "/customers", ""); resp.status != http.StatusNotFound || !strings.Contains(resp.text, "no Stripe account") {
		t.Error(resp.status, resp.text)
	}
	w.connected("acme")
	for _, tenant := range []string{"acme", "globex"} {
		if resp := w.send(tenant, "GET", "/customers", ""); resp.status != http.StatusOK {
			t.Errorf("%s: %d %s", tenant, resp.status, resp.text)
		}
	}
}

// What another process has disconnected and connected again is found again.
func TestOtherProcess(t *testing.T) {
	w := start(t)
	w.connected("acme")
	w.send("acme", "GET", "/customers", "")
	stripe, err := w.agents.Workspace("example-acme").Connector(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stripe.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.connected("acme")
	w.send("acme", "GET", "/customers", "") // learns that it is gone
	if resp := w.send("acme", "GET", "/customers", ""); resp.status != http.StatusOK {
		t.Error(resp.status, resp.text)
	}
}

// There are no more handles than may be, and a request costs one look-up at most.
func TestHandles(t *testing.T) {
	w := start(t)
	w.connected("acme")
	for i := range maxHandles {
		w.handles[handle{"another", strconv.Itoa(i)}] = nil
	}
	for range 2 {
		if resp := w.send("acme", "GET", "/customers", ""); resp.status != http.StatusOK {
			t.Fatal(resp.status, resp.text)
		}
	}
	if len(w.handles) != maxHandles {
		t.Errorf("%d handles", len(w.handles))
	}
	if n := w.fake.Count("listConnectors"); n != 2 { // one of them by EnsureConnector
		t.Errorf("%d look-ups", n)
	}
}

func TestCustomers(t *testing.T) {
	w := start(t)
	w.connected("acme")
	w.connected("globex")
	seen := map[any]bool{}
	var cursors []string
	for cursor := ""; ; {
		resp := w.send("acme", "GET", "/customers?cursor="+url.QueryEscape(cursor), "")
		if resp.status != http.StatusOK {
			t.Fatal(resp.status, resp.text)
		}
		for _, c := range resp.body["customers"].([]any) {
			seen[c.(map[string]any)["id"]] = true
		}
		if cursor = resp.body["next"].(string); cursor == "" {
			break
		}
		cursors = append(cursors, cursor)
	}
	if len(seen) != 12 || len(cursors) != 2 {
		t.Errorf("%d customers, %d pages more", len(seen), len(cursors))
	}
	// A cursor is good for the tenant that it was sealed for.
	for tenant, cursor := range map[string]string{"acme": cursors[0] + "x", "globex": cursors[0]} {
		if resp := w.send(tenant, "GET", "/customers?cursor="+cursor, ""); resp.status != http.StatusBadRequest || !strings.Contains(resp.text, "none of this list") {
			t.Errorf("%s: %d %s", tenant, resp.status, resp.text)
		}
	}
}

func TestFailures(t *testing.T) {
	always := func(status int, header http.Header) agentstest.Fault {
		return agentstest.Fault{Entity: "customers", Times: -1, Status: status, Header: header}
	}
	for _, test := range []struct {
		what       string
		before     func(w *world)
		status     int
		retryAfter string
		text       string // "" for the text of the status
	}{
		{"no connector", func(*world) {}, http.StatusNotFound, "", "no Stripe account is connected"},
		{"something that Stripe does not find", func(w *world) {
			w.connected("acme")
			w.fake.Inject(always(http.StatusNotFound, nil))
		}, http.StatusNotFound, "", ""},
		{"something that Stripe refuses", func(w *world) {
			w.connected("acme")
			w.fake.Inject(always(http.StatusUnprocessableEntity, nil))
		}, http.StatusBadRequest, "", ""},
		{"a short outage", func(w *world) {
			w.connected("acme")
			w.fake.Inject(agentstest.Fault{Entity: "customers", Times: 2, Status: http.StatusServiceUnavailable})
		}, http.StatusOK, "", ""},
		{"an outage", func(w *world) {
			w.connected("acme")
			w.fake.Inject(always(http.StatusServiceUnavailable, nil))
		}, http.StatusBadGateway, "", ""},
		{"an outage whose end is known", func(w *world) {
			w.connected("acme")
			w.fake.Inject(always(http.StatusServiceUnavailable, http.Header{"Retry-After": {"120"}}))
		}, http.StatusServiceUnavailable, "120", ""},
		{"a limit of Stripe", func(w *world) {
			w.connected("acme")
			w.fake.Inject(always(http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}}))
		}, http.StatusTooManyRequests, "30", ""},
		{"a broken connection", func(w *world) {
			w.connected("acme")
			w.fake.Inject(agentstest.Fault{Entity: "customers", Times: -1, Reset: true})
		}, http.StatusBadGateway, "", ""},
		{"a service that hangs", func(w *world) {
			w.connected("acme")
			w.fake.Inject(agentstest.Fault{Entity: "customers", Times: -1, Delay: time.Hour})
		}, http.StatusGatewayTimeout, "", ""},
		{"wrong credentials of the backend", func(w *world) {
			w.fake.SetClientSecret(agentstest.ClientID, "another")
		}, http.StatusBadGateway, "", ""},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t)
				test.before(w)
				resp := w.send("acme", "GET", "/customers", "")
				if resp.status != test.status || resp.retryAfter != test.retryAfter {
					t.Errorf("%d, Retry-After %q, want %d and %q: %s", resp.status, resp.retryAfter, test.status, test.retryAfter, resp.text)
				}
				failed := test.status != http.StatusOK
				if logged := strings.Contains(w.log.String(), "request failed"); logged != failed {
					t.Errorf("logged: %t, want %t: %s", logged, failed, &w.log)
				}
				if text, _ := resp.body["error"].(string); failed && text != cmp.Or(test.text, http.StatusText(test.status)) {
					t.Errorf("the tenant reads %q", text) // what is for the log alone
				}
			})
		})
	}
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.connected("acme")
		w.fake.Inject(agentstest.Fault{Entity: "customers", Status: http.StatusServiceUnavailable})
		w.send("acme", "GET", "/customers", "")
		got := w.send("acme", "GET", "/metrics", "").body
		for name, want := range map[string]float64{
			"executeConnector stripe 200": 1, "executeConnector stripe 503": 1, "retries": 1, "createConnector 200": 1,
		} {
			if got[name] != want {
				t.Errorf("%s: %v, want %v", name, got[name], want)
			}
		}
		if t.Failed() {
			t.Log(got)
		}
	})
}

// The program serves until it is interrupted.
func TestRun(t *testing.T) {
	t.Setenv("AIRBYTE_CLIENT_ID", "")
	t.Setenv("AIRBYTE_CLIENT_SECRET", "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &lines{found: make(chan string, 1)}
	done := make(chan error, 1)
	go func() { done <- run(ctx, "127.0.0.1:0", out) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, <-out.found, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Error(resp.Status)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// lines finds the URL of the customers in what the program prints.
type lines struct{ found chan string }

func (l *lines) Write(p []byte) (int, error) {
	for word := range strings.FieldsSeq(string(p)) {
		if strings.HasSuffix(word, "/customers") {
			l.found <- word
		}
	}
	return len(p), nil
}

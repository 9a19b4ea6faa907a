package main

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A backend serves the tenants. One client serves all of them: they share its token and
// its connections, and differ in the workspace.
type backend struct {
	agents  *client.Client
	tenants map[string]string // the workspace by the key of the tenant
	cursors *client.CursorSealer
	metrics expvar.Map
	log     *slog.Logger
}

func newBackend(tenants map[string]string, cursorKey auth.Secret, log *slog.Logger, opts ...client.Option) (*backend, error) {
	b := &backend{tenants: tenants, log: log}
	var err error
	if b.cursors, err = client.NewCursorSealer(cursorKey); err != nil {
		return nil, err
	}
	b.agents, err = client.New(append(opts,
		// A user waits. Rather than wait with them, tell them when to come again.
		client.WithTimeout(15*time.Second),
		client.WithMaxRetryAfter(2*time.Second),
		client.WithAttemptObserver(b.count),
	)...)
	return b, err
}

func (b *backend) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /stripe", b.tenant(b.connect))
	mux.HandleFunc("GET /customers", b.tenant(b.customers))
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { // not for the world to see
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, b.metrics.String())
	})
	return mux
}

// count counts the attempts of calls. What it counts by has few values: the operation,
// the kind of connector and the status, 0 if there was none.
func (b *backend) count(_ context.Context, a client.Attempt) {
	name := strings.TrimSpace(a.Operation + " " + a.Connector)
	b.metrics.Add(fmt.Sprintf("%s %d", name, a.StatusCode), 1)
	b.metrics.Add(name+" ms", a.Duration.Milliseconds())
	if a.Retry {
		b.metrics.Add("retries", 1)
	}
}

// tenant finds out which tenant sent a request, and answers if serve fails.
func (b *backend) tenant(serve func(w http.ResponseWriter, r *http.Request, ws *client.Workspace) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		name, ok := b.tenants[key]
		if !ok {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "unknown key"})
			return
		}
		if err := serve(w, r, b.agents.Workspace(name)); err != nil {
			b.fail(w, r, name, err)
		}
	}
}

// fail answers a request whose call returned err. What the tenant can correct, it is
// told; the text of another error is for the log alone.
func (b *backend) fail(w http.ResponseWriter, r *http.Request, tenant string, err error) {
	status := client.HTTPStatus(err)
	text := http.StatusText(status)
	switch status {
	case http.StatusBadRequest:
		text = err.Error()
	case http.StatusNotFound:
		text = "no Stripe account is connected"
	}
	var failed *client.Error
	if errors.As(err, &failed) && failed.RetryAfter > 0 { // in whole seconds, rounded up
		w.Header().Set("Retry-After", strconv.FormatInt(int64((failed.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if status >= http.StatusInternalServerError {
		b.log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "tenant", tenant, "status", status, "error", err)
	}
	answer(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the browser may have gone
}

// connect connects the Stripe account of the tenant, for which it sends an API key. It
// can be repeated: it creates one connector.
func (b *backend) connect(w http.ResponseWriter, r *http.Request, ws *client.Workspace) error {
	var body struct {
		APIKey string `json:"api_key"`
	}
	_ = json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&body) // what is no JSON has no key
	if body.APIKey == "" {
		answer(w, http.StatusBadRequest, map[string]string{"error": `want {"api_key": "…"}`})
		return nil
	}
	if err := ws.Ensure(r.Context()); err != nil { // the first time
		return err
	}
	request := client.CreateConnectorRequest{
		Name:          "payments", // by which EnsureConnector finds it again
		ConnectorType: "stripe",
		Credentials:   map[string]any{"api_key": body.APIKey},
	}
	check, err := ws.CheckConnector(r.Context(), request)
	if err != nil {
		return err
	}
	if !check.OK() { // Stripe refuses the key
		answer(w, http.StatusUnprocessableEntity, map[string]string{"error": check.Reason()})
		return nil
	}
	_, created, err := ws.EnsureConnector(r.Context(), request)
	if err != nil {
		return err
	}
	status := http.StatusOK // a connector that exists keeps its key
	if created {
		status = http.StatusCreated
	}
	answer(w, status, map[string]bool{"created": created})
	return nil
}

// A customer has the fields of a Stripe customer that the browser shows.
type customer struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// customers answers with one page of the customers of the tenant, and with the cursor
// that the browser sends for the next one.
func (b *backend) customers(w http.ResponseWriter, r *http.Request, ws *client.Workspace) error {
	ctx := r.Context()
	params, err := b.cursors.Open(r.URL.Query().Get("cursor"), ws.Name(), "customers") // nil for the first page
	if err != nil {
		return err
	}
	stripe, err := ws.Connector(ctx, "payments")
	if err != nil {
		return err
	}
	// Stripe pages by the last record of a page, so NextParams needs the raw data.
	customers, page, err := client.Execute[[]customer](ctx, stripe, "customers", "list", params,
		client.WithRecordsPerPage(5), client.WithRawData())
	if err != nil {
		return err
	}
	next, err := page.NextParams(ctx)
	if err != nil {
		return err
	}
	cursor, err := b.cursors.Seal(next, ws.Name(), "customers")
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{"customers": customers, "next": cursor}) // "" after the last page
	return nil
}

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
	"sync"
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

	locks sync.Map // a *sync.Mutex for each workspace whose connectors are being changed

	mu      sync.Mutex
	handles map[handle]*client.Connector // at most maxHandles
}

// A handle is the name of a connector of a tenant.
type handle struct{ workspace, name string }

const maxHandles = 1000

// account is the name of the connector in the workspace of each tenant.
const account = "payments"

func newBackend(tenants map[string]string, cursorKey auth.Secret, log *slog.Logger, opts ...client.Option) (*backend, error) {
	b := &backend{tenants: tenants, log: log, handles: map[handle]*client.Connector{}}
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
	mux.HandleFunc("DELETE /stripe", b.tenant(b.disconnect))
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

// A refusal is an error whose text is for the tenant. The cause is for the log alone.
type refusal struct {
	status int
	text   string
	cause  error
}

func (r *refusal) Error() string { return r.text + ": " + r.cause.Error() }
func (r *refusal) Unwrap() error { return r.cause }

// fail answers a request whose call returned err, and logs it. The text of err names
// workspaces and connectors and repeats what the service and the vendor say, so the
// tenant reads a text of the backend's own.
func (b *backend) fail(w http.ResponseWriter, r *http.Request, tenant string, err error) {
	status := client.HTTPStatus(err)
	text := http.StatusText(status)
	switch refused, ok := errors.AsType[*refusal](err); {
	case ok:
		status, text = refused.status, refused.text
	case errors.Is(err, client.ErrConnectorNotFound), errors.Is(err, client.ErrWorkspaceNotFound):
		text = "no Stripe account is connected" // any other ErrNotFound is about something else
	}
	var failed *client.Error
	if errors.As(err, &failed) && failed.RetryAfter > 0 { // in whole seconds, rounded up
		w.Header().Set("Retry-After", strconv.FormatInt(int64((failed.RetryAfter+time.Second-1)/time.Second), 10))
	}
	level := slog.LevelWarn
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	b.log.Log(r.Context(), level, "request failed", "path", r.URL.Path, "tenant", tenant, "status", status, "error", err)
	answer(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the browser may have gone
}

// lock keeps requests of one tenant from changing its connectors at the same time: two
// that call EnsureConnector at once may both create one. A backend of several processes
// needs a lock that they share, such as one in its database.
func (b *backend) lock(ws *client.Workspace) (unlock func()) {
	mu, _ := b.locks.LoadOrStore(ws.Name(), new(sync.Mutex))
	mu.(*sync.Mutex).Lock()
	return mu.(*sync.Mutex).Unlock
}

// connect connects the Stripe account of the tenant, for which it sends an API key.
func (b *backend) connect(w http.ResponseWriter, r *http.Request, ws *client.Workspace) error {
	var body struct {
		APIKey string `json:"api_key"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&body)
	if err == nil && body.APIKey == "" {
		err = errors.New("there is no key")
	}
	if err != nil {
		return &refusal{http.StatusBadRequest, `want {"api_key": "…"}`, err}
	}
	defer b.lock(ws)()
	if err := ws.Ensure(r.Context()); err != nil { // the first time
		return err
	}
	request := client.CreateConnectorRequest{
		Name:          account, // by which EnsureConnector finds it again
		ConnectorType: "stripe",
		Credentials:   map[string]any{"api_key": body.APIKey},
	}
	check, err := ws.CheckConnector(r.Context(), request)
	if err != nil {
		return err
	}
	if !check.OK() {
		return &refusal{http.StatusUnprocessableEntity, "Stripe refuses the key", errors.New(check.Reason())}
	}
	info, created, err := ws.EnsureConnector(r.Context(), request)
	if err != nil {
		return err
	}
	if !created { // EnsureConnector changes nothing about a connector that exists: it has the key that it had
		return &refusal{http.StatusConflict, "a Stripe account is connected, with the key of then; disconnect it first", errors.New("connector " + info.ID)}
	}
	answer(w, http.StatusCreated, map[string]bool{"connected": true})
	return nil
}

// disconnect deletes the connector of the tenant. The service goes on to list it until a
// job in the background has ended, so that it is given another name first.
func (b *backend) disconnect(w http.ResponseWriter, r *http.Request, ws *client.Workspace) error {
	defer b.lock(ws)()
	defer b.forget(ws, account)
	stripe, err := ws.Connector(r.Context(), account) // and not another one of the organization
	if err != nil {
		return err
	}
	if _, err := stripe.Update(r.Context(), client.ConnectorChange{Name: account + ", disconnected"}); err != nil {
		return err
	}
	if _, err := stripe.Delete(r.Context()); err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]bool{"connected": false})
	return nil
}

// connector returns the connector of that name of a tenant. It keeps it for the next
// request, which then need not look for it, and so that NextParams knows the pages before.
func (b *backend) connector(ctx context.Context, ws *client.Workspace, name string) (*client.Connector, error) {
	key := handle{ws.Name(), name}
	b.mu.Lock()
	conn := b.handles[key]
	b.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	conn, err := ws.Connector(ctx, name)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for one := range b.handles { // whichever comes first
		if len(b.handles) < maxHandles {
			break
		}
		delete(b.handles, one)
	}
	b.handles[key] = conn
	return conn, nil
}

// forget makes connector look again.
func (b *backend) forget(ws *client.Workspace, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.handles, handle{ws.Name(), name})
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
		return &refusal{http.StatusBadRequest, "the cursor is none of this list", err}
	}
	stripe, err := b.connector(ctx, ws, account)
	if err != nil {
		return err
	}
	// Stripe pages by the last record of a page, so NextParams needs the raw data.
	customers, page, err := client.Execute[[]customer](ctx, stripe, "customers", "list", params,
		client.WithRecordsPerPage(5), client.WithRawData())
	if errors.Is(err, client.ErrNotFound) { // perhaps another process has disconnected it
		b.forget(ws, account)
	}
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

package agentsmcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// Handler returns an endpoint of the protocol (streamable HTTP) for many tenants. It
// calls visitor for every request, also for those of a session. visitor finds out who
// sent the request, and returns the workspace and a name for the tenant that belongs to
// nobody else. If it returns an error, or no workspace or name, the response has the
// status 401.
//
// Sessions, the handles of pages and confirmations belong to the tenant: for another
// one, they do not exist. The workspaces that visitor returns for a tenant should have
// the same Client each time, which keeps a token and connections; if one has another
// Client, it is used from then on; if one has another name, the handles of the tenant are
// gone. Sessions end, and tenants are forgotten, when they were not used for some time.
//
// Requests from pages of other origins are refused. So are those that came to a loopback
// address but name another host, which is how a page attacks a local server; a proxy on
// the same machine must therefore pass on the name of a loopback host, or the program
// sets Request.Host. Confirm says who confirms writes; without it and
// [agenttools.WithWrites], the tools only read.
//
// The error of visitor is not sent to the client: [agenttools.WithLogger] has it logged,
// with every other request that is refused. Options that are wrong, such as a bad pattern,
// are logged at once, by [slog.Default] if there is no logger, and every request of a
// tenant is then answered with the status 500 and what is wrong.
func Handler(visitor func(*http.Request) (*client.Workspace, string, error), opts ...agenttools.Option) http.Handler {
	template := agenttools.New(nil, opts...)
	h := &handler{visitor: visitor, log: template.Logger(), opts: opts, tenants: map[string]*tenant{}}
	if h.invalid = agenttools.New(new(client.Workspace), opts...).Err(); h.invalid != nil {
		complain(template, h.invalid)
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.server = newServer(&visit{set: template})
	serve := func(*http.Request) *mcp.Server { return h.server }
	h.stateless = mcp.NewStreamableHTTPHandler(serve, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, PropagateRequestCancellation: true, MaxRequestBodyBytes: maxBody,
	})
	h.sessions = func() http.Handler {
		return mcp.NewStreamableHTTPHandler(serve, &mcp.StreamableHTTPOptions{SessionTimeout: sessionTimeout, MaxRequestBodyBytes: maxBody})
	}
	return h
}

const (
	maxBody        = 4 << 20
	sessionTimeout = 30 * time.Minute

	// maxIdle is how long a tenant is remembered. By then, its sessions and the handles
	// of its pages are gone.
	maxIdle = time.Hour

	// statelessSince is the first version of the protocol that has no sessions.
	statelessSince = "2026-07-28"
)

type handler struct {
	visitor   func(*http.Request) (*client.Workspace, string, error)
	log       *slog.Logger
	opts      []agenttools.Option
	invalid   error // what is wrong with opts, or nil
	server    *mcp.Server
	stateless http.Handler
	sessions  func() http.Handler

	mu      sync.Mutex
	tenants map[string]*tenant
	swept   time.Time
}

// A tenant is what is kept for one.
type tenant struct {
	set      *agenttools.Set
	ws       *client.Workspace
	sessions http.Handler // a session of another tenant is none
	requests int          // in progress
	used     time.Time
}

// visitKey is where the visit is in what the requests of package mcp come with.
const visitKey = "visit"

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		h.refuse(r, http.StatusForbidden, fmt.Errorf("it comes from a page of another origin: %q", r.Header.Get("Origin")))
		http.Error(w, "requests from pages of other origins are not allowed", http.StatusForbidden)
		return
	}
	ws, name, err := h.visitor(r)
	if err != nil || ws == nil || name == "" {
		if err == nil {
			err = errors.New("the visitor returned no workspace, or no name for the tenant")
		}
		h.refuse(r, http.StatusUnauthorized, err)
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "the request is not authenticated: what shows who sent it, as a rule the header Authorization, is missing or wrong", http.StatusUnauthorized)
		return
	}
	if h.invalid != nil {
		h.refuse(r, http.StatusInternalServerError, h.invalid)
		http.Error(w, "this server is not set up correctly: "+h.invalid.Error(), http.StatusInternalServerError)
		return
	}
	t, set := h.enter(name, ws)
	defer h.leave(t)
	next := t.sessions
	if r.Header.Get("Mcp-Protocol-Version") >= statelessSince {
		next = h.stateless
	}
	verify := func(context.Context, string, *http.Request) (*auth.TokenInfo, error) {
		return &auth.TokenInfo{UserID: "tenant " + name, Extra: map[string]any{visitKey: &visit{set: set, tenant: name}}}, nil
	}
	// The middleware is the only way to hand the visit to package mcp. It wants a bearer
	// token; the real one ends here.
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer verified")
	seen := &response{ResponseWriter: w}
	auth.RequireBearerToken(verify, &auth.RequireBearerTokenOptions{AllowMissingExpiration: true})(next).ServeHTTP(seen, r)
	if seen.status >= http.StatusBadRequest {
		h.refuse(r, seen.status, errors.New(seen.why()))
	}
}

// refuse logs a request that is answered with an error. Clients ask for sessions that are
// over, and for streams that there are not, as a matter of course.
func (h *handler) refuse(r *http.Request, status int, why error) {
	level := slog.LevelWarn
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		level = slog.LevelInfo
	}
	h.log.Log(r.Context(), level, "request refused", "status", status, "method", r.Method, "remote", r.RemoteAddr, "error", why)
}

// A response is one of package mcp, with what the log needs of it.
type response struct {
	http.ResponseWriter
	status int
	text   []byte // the beginning of a text that says why it is an error
}

// maxWhy is how many bytes of a text are logged.
const maxWhy = 200

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status >= http.StatusBadRequest && strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		w.text = append(w.text, b[:min(len(b), maxWhy-len(w.text))]...)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController], with which package mcp flushes.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// why is the reason of an error, without what it repeats of the body of the request.
func (w *response) why() string {
	text, _, _ := strings.Cut(strings.ToValidUTF8(strings.TrimSpace(string(w.text)), ""), "malformed payload: ")
	if text == "" && len(w.text) > 0 {
		return "malformed payload"
	}
	return cmp.Or(text, http.StatusText(w.status))
}

// complain logs what is wrong with options, also without a logger: the program has made a
// mistake, and nothing works.
func complain(set *agenttools.Set, why error) {
	log := set.Logger()
	if log == nil {
		log = slog.Default()
	}
	log.Error("the options of package agentsmcp are wrong, so every call fails", "error", why)
}

// sameOrigin reports whether a request does not come from a page, or from one of this
// host.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	return true
}

// enter returns the tenant of a request, with its tools, and counts the request.
func (h *handler) enter(name string, ws *client.Workspace) (*tenant, *agenttools.Set) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if now.Sub(h.swept) > time.Minute {
		h.swept = now
		for name, t := range h.tenants {
			if t.requests == 0 && now.Sub(t.used) > maxIdle {
				delete(h.tenants, name)
			}
		}
	}
	t := h.tenants[name]
	switch {
	case t == nil:
		t = &tenant{set: agenttools.New(ws, h.opts...), ws: ws, sessions: h.sessions()}
		h.tenants[name] = t
	case t.ws.Name() != ws.Name():
		t.set, t.ws = agenttools.New(ws, h.opts...), ws
	case t.ws.Client() != ws.Client():
		t.set, t.ws = t.set.For(ws), ws
	}
	t.requests++
	t.used = now
	return t, t.set
}

func (h *handler) leave(t *tenant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.requests--
	t.used = time.Now()
}

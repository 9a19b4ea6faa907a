package agentstest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A Service is an Airbyte Agents service in memory, as an [http.Handler]. It is
// safe for concurrent use. [New] makes one; [NewServer] also listens for it.
type Service struct {
	options options
	router  *http.ServeMux
	world   world
	tokens  tokenStore
	counts  map[string]*atomic.Int64 // by operation, all there from the start
	total   atomic.Int64
	serial  atomic.Int64 // of requests
	log     requestLog
	faults  faultQueue
}

// An Option changes what [New] and [NewServer] make.
type Option func(*options)

type options struct {
	tokenLifetime time.Duration
	deleteDelay   time.Duration
	latency       time.Duration
	clock         func() time.Time
	bare          bool
	relativeNext  bool
	logSize       int
	maxBody       int64
	setup         []func(*Service)
}

// Defaults of the options.
const (
	defaultTokenLifetime = 15 * time.Minute
	scopedTokenLifetime  = 20 * time.Minute
	defaultLogSize       = 2048
	maxRequestBytes      = 32 << 20
)

// WithTokenLifetime sets how long application tokens last, 15 minutes unless
// told otherwise. The answer tells it in whole seconds, rounded up.
func WithTokenLifetime(d time.Duration) Option {
	return func(o *options) { o.tokenLifetime = d }
}

// WithDeleteDelay sets how long a deleted connector stays: the service deletes
// in a job. It is gone at once unless told otherwise.
func WithDeleteDelay(d time.Duration) Option {
	return func(o *options) { o.deleteDelay = d }
}

// WithLatency has the service wait before each answer, as one far away does.
func WithLatency(d time.Duration) Option {
	return func(o *options) { o.latency = d }
}

// WithClock sets what the service takes for the time; [time.Now] otherwise. It
// is called by many goroutines at once.
func WithClock(now func() time.Time) Option {
	return func(o *options) {
		if now != nil {
			o.clock = now
		}
	}
}

// WithoutSeed leaves the world empty: there are the seeded application and its
// two organizations, the kinds of connectors, and no workspace at all.
func WithoutSeed() Option {
	return func(o *options) { o.bare = true }
}

// WithRelativeNext has lists of workspaces give the next page as a URL without
// a host. The service may do either.
func WithRelativeNext() Option {
	return func(o *options) { o.relativeNext = true }
}

// WithRequestLog sets how many of the latest requests [Service.Requests]
// remembers, 2048 unless told otherwise. None with 0, for benchmarks and where
// many long bodies are sent: those of executions are kept whole.
func WithRequestLog(n int) Option {
	return func(o *options) { o.logSize = max(n, 0) }
}

// WithApplication adds an application that reaches these organizations, the
// first of them unless a request names another. Organizations that do not exist
// yet are created; without any, it is the seeded one. It panics, in New, when
// the id of an organization is no UUID.
func WithApplication(clientID, clientSecret string, organizationIDs ...string) Option {
	return func(o *options) {
		o.setup = append(o.setup, func(s *Service) {
			app := &application{id: clientID, secret: clientSecret}
			for _, id := range organizationIDs {
				app.organizations = append(app.organizations, s.world.addOrganization(id, ""))
			}
			if len(organizationIDs) == 0 {
				app.organizations = []string{OrganizationID}
			}
			s.world.applications[clientID] = app
		})
	}
}

// WithWorkspace adds a workspace to the seeded organization.
func WithWorkspace(name string) Option { return WithWorkspaceIn(OrganizationID, name) }

// WithWorkspaceIn adds a workspace to an organization, which is created when it
// does not exist.
func WithWorkspaceIn(organizationID, name string) Option {
	return func(o *options) {
		o.setup = append(o.setup, func(s *Service) {
			s.world.ensureWorkspace(s.world.addOrganization(organizationID, ""), name, s.now())
		})
	}
}

// WithConnector adds a connector to a workspace of the seeded organization,
// which is created when it does not exist. It panics, in New, when the
// connector makes no sense; see [Connector].
func WithConnector(workspace string, c Connector) Option {
	return WithConnectorIn(OrganizationID, workspace, c)
}

// WithConnectorIn is [WithConnector] for another organization.
func WithConnectorIn(organizationID, workspace string, c Connector) Option {
	return func(o *options) {
		o.setup = append(o.setup, func(s *Service) {
			ws := s.world.ensureWorkspace(s.world.addOrganization(organizationID, ""), workspace, s.now())
			if err := s.world.addConnector(ws, c, s.now()); err != nil {
				panic(fmt.Sprintf("agentstest: connector %q: %v", c.Slug+c.Name, err))
			}
		})
	}
}

// New makes a service that listens nowhere: serve it as a handler, or call it
// through [Service.Transport].
func New(opts ...Option) *Service {
	s := &Service{
		options: options{
			tokenLifetime: defaultTokenLifetime, clock: time.Now, logSize: defaultLogSize, maxBody: maxRequestBytes,
		},
		counts: make(map[string]*atomic.Int64, len(operations)),
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&s.options)
		}
	}
	s.log.init(s.options.logSize)
	s.tokens.init()
	s.faults.random = rand.New(rand.NewPCG(1, 2)) // the same faults in each run
	for _, op := range operations {
		s.counts[op.id] = new(atomic.Int64)
	}
	s.route()
	s.world.init()
	s.world.seedBase()
	if !s.options.bare {
		s.world.seed()
	}
	for _, f := range s.options.setup {
		f(s)
	}
	return s
}

func (s *Service) now() time.Time { return s.options.clock() }

// route has the generated server put its handlers on a mux of ours, each behind
// what all operations have in common.
func (s *Service) route() {
	s.router = http.NewServeMux()
	strict := server.NewStrictHandlerWithOptions(&api{s}, nil, server.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  bodyError,
		ResponseErrorHandlerFunc: answerError,
	})
	server.HandlerWithOptions(strict, server.StdHTTPServerOptions{
		BaseRouter:       &router{s},
		ErrorHandlerFunc: parameterError,
	})
	s.router.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.begin(w, r, &operation{}, func(w http.ResponseWriter, r *http.Request) {
			answerError(w, r, problem(http.StatusNotFound, "not_found", "There is no %s %s", r.Method, r.URL.Path))
		})
	})
}

// router tells the generated server's routes apart by operation.
type router struct{ s *Service }

func (ro *router) ServeHTTP(w http.ResponseWriter, r *http.Request) { ro.s.router.ServeHTTP(w, r) }

func (ro *router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	op := operations[pattern]
	if op == nil { // a new operation without an entry; a test says so
		op = &operation{id: pattern}
		ro.s.counts[pattern] = new(atomic.Int64)
	}
	ro.s.router.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		ro.s.begin(w, r, op, func(w http.ResponseWriter, r *http.Request) {
			if c := ro.s.admit(w, r, op); c != nil {
				handler(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
			}
		})
	})
}

// ServeHTTP answers a request as the service would, or as a [Fault] says.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

// begin counts and notes a request, and answers it with a fault if there is
// one for it.
func (s *Service) begin(w http.ResponseWriter, r *http.Request, op *operation, next http.HandlerFunc) {
	s.total.Add(1)
	if n := s.counts[op.id]; n != nil {
		n.Add(1)
	}
	requestID := fmt.Sprintf("req-%08x", s.serial.Add(1))
	w.Header().Set("X-Request-Id", requestID)
	body, err := s.readBody(w, r)
	entry := s.log.add(s, r, op.id, requestID, body)
	if entry != nil {
		noting := &statusWriter{ResponseWriter: w}
		defer func() { entry.status.Store(int32(noting.status)) }() //nolint:gosec // a status
		w = noting
	}
	if s.options.latency > 0 {
		pause(r.Context(), s.options.latency)
	}
	if fault := s.faults.next(op.id, body); fault != nil {
		s.strike(w, r, fault, next)
		return
	}
	if err != nil {
		answerError(w, r, problem(http.StatusBadRequest, "unreadable_body", "The body cannot be read: %v", err))
		return
	}
	next(w, r)
}

// readBody takes the body off the wire, so that it can be noted and read again.
func (s *Service) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	var buf bytes.Buffer
	if n := r.ContentLength; n > 0 && n < 1<<20 {
		buf.Grow(int(n) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, s.options.maxBody))
	r.Body = &keptBody{Reader: bytes.NewReader(buf.Bytes()), body: buf.Bytes()}
	return buf.Bytes(), err
}

// keptBody is a body that has been read and can be again.
type keptBody struct {
	*bytes.Reader
	body []byte
}

func (b *keptBody) Bytes() []byte { return b.body }

// Close does nothing: the body has been read.
func (b *keptBody) Close() error { return nil }

// pause waits, unless the request ends before, which a closing server sees to.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

package agentstest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A Service is an in-memory Airbyte Agents service. It is an [http.Handler] and
// safe for concurrent use. [New] returns one; [NewServer] returns one that
// listens.
type Service struct {
	options options
	router  *http.ServeMux
	world   world
	tokens  tokenStore
	counts  map[string]*atomic.Int64 // by operationId; the map does not change
	total   atomic.Int64
	serial  atomic.Int64 // of the latest request
	log     requestLog
	faults  faultQueue
}

// An Option configures the service that [New] or [NewServer] creates.
type Option func(*options)

type options struct {
	tokenLifetime time.Duration
	deleteDelay   time.Duration
	searchDelay   time.Duration
	latency       time.Duration
	clock         func() time.Time
	check         func(slug string, credentials map[string]any) error
	consent       func(slug, workspace string) error
	sql           func(entity, sql string) ([]any, error)
	bare          bool
	strict        bool
	relativeNext  bool
	logSize       int
	maxBody       int64
	documents     []*description
	setup         []func(*Service)
}

// Defaults of the options.
const (
	defaultTokenLifetime = 15 * time.Minute
	scopedTokenLifetime  = 20 * time.Minute
	defaultLogSize       = 2048
	maxRequestBytes      = 32 << 20
)

// WithTokenLifetime sets the lifetime of application tokens. The default is 15
// minutes. Responses contain it in whole seconds, rounded up.
func WithTokenLifetime(d time.Duration) Option {
	return func(o *options) { o.tokenLifetime = d }
}

// WithDeleteDelay sets how long a connector stays after the request to delete
// it, while the job that deletes it runs. The default is 0.
func WithDeleteDelay(d time.Duration) Option {
	return func(o *options) { o.deleteDelay = d }
}

// WithSearchDelay sets how long the context store takes to fill: the entities of
// a connector can be searched d after the connector was created, by the
// service's clock. Until then, inspectConnector reports them as not ready, and
// the response to context_store_search is a 422. For the seeded connectors and
// those of [WithConnector], the time begins in New. The default is 0.
func WithSearchDelay(d time.Duration) Option {
	return func(o *options) { o.searchDelay = d }
}

// WithCredentialCheck sets the function that judges the configuration of a new
// connector. checkConnectorConfig calls it before the connector is created, and
// checkConnector for a connector that createConnector created. If it returns an
// error, the check fails, and the text of the error is the reason. The connector
// can be created and works nevertheless.
//
// The slug is that of the kind of connector, such as stripe. The credentials are
// the environment, the replication_config and the credentials of the request in
// one map, which is a copy and never nil. The service calls check from many
// goroutines at once.
//
// By default, and if check is nil, a check fails if one of these values is a
// blank string or "invalid". For connectors of [WithConnector], set CheckError
// instead: check sees only the replication_config that a request to
// checkConnector tries out.
func WithCredentialCheck(check func(slug string, credentials map[string]any) error) Option {
	return func(o *options) { o.check = check }
}

// WithConsent sets the function that decides for a user who visits the URL that
// initiateOAuth returned. If it returns an error, the user refuses: the browser
// returns with the error access_denied and the text of the error. Otherwise, and
// by default, the user consents, and the connector is created. slug is that of the
// kind of connector. The service calls decide from many goroutines at once.
func WithConsent(decide func(slug, workspace string) error) Option {
	return func(o *options) { o.consent = decide }
}

// WithStrictParams makes the service refuse parameters that an action does not declare,
// with a 422 and the code extra_forbidden. By default, it ignores them, as most vendors
// do, so that a misspelt name goes unnoticed. An action declares the parameters that
// describe returns. A list also takes the fields of its records, by which it filters;
// create and update are not checked.
func WithStrictParams() Option {
	return func(o *options) { o.strict = true }
}

// WithLatency makes the service wait d before each response. The default is 0.
func WithLatency(d time.Duration) Option {
	return func(o *options) { o.latency = d }
}

// WithClock sets the clock of the service. The default is [time.Now], and nil
// changes nothing. The service calls now from many goroutines at once. Latencies
// and the delays of a [Fault] do not depend on it.
func WithClock(now func() time.Time) Option {
	return func(o *options) {
		if now != nil {
			o.clock = now
		}
	}
}

// WithoutSeed leaves out the seeded workspaces and all that is in them. The
// application, its two organizations and the kinds of connectors remain.
func WithoutSeed() Option {
	return func(o *options) { o.bare = true }
}

// WithRelativeNext makes lists of workspaces return the URL of the next page
// without a host. By default it has one; the service may do either.
func WithRelativeNext() Option {
	return func(o *options) { o.relativeNext = true }
}

// WithRequestLog sets how many requests [Service.Requests] returns at most. The
// default is 2048. Use 0 for benchmarks and for many long requests: the log
// keeps the whole body of each executeConnector.
func WithRequestLog(n int) Option {
	return func(o *options) { o.logSize = max(n, 0) }
}

// WithApplication adds an application with access to the organizations, by default
// OrganizationID. It uses the first one if a request names none. Organizations
// that do not exist are created. New panics if an ID is not a UUID.
func WithApplication(clientID, clientSecret string, organizationIDs ...string) Option {
	return withApplication(application{id: clientID, secret: clientSecret}, organizationIDs)
}

// WithMember is like [WithApplication] for an application without the role of
// workspace admin. The service refuses it what needs the role: tokens for one
// workspace, and deleting a workspace. With several organizations, its requests must
// name one.
func WithMember(clientID, clientSecret string, organizationIDs ...string) Option {
	return withApplication(application{id: clientID, secret: clientSecret, member: true}, organizationIDs)
}

func withApplication(app application, organizationIDs []string) Option {
	return func(o *options) {
		o.setup = append(o.setup, func(s *Service) {
			app := app // of this service
			for _, id := range organizationIDs {
				app.organizations = append(app.organizations, s.world.addOrganization(id, ""))
			}
			if len(organizationIDs) == 0 {
				app.organizations = []string{OrganizationID}
			}
			s.world.applications[app.id] = &app
		})
	}
}

// WithWorkspace adds a workspace to the organization OrganizationID.
func WithWorkspace(name string) Option { return WithWorkspaceIn(OrganizationID, name) }

// WithWorkspaceIn adds a workspace to an organization, which is created if it
// does not exist. New panics if the ID is not a UUID.
func WithWorkspaceIn(organizationID, name string) Option {
	return func(o *options) {
		o.setup = append(o.setup, func(s *Service) {
			s.world.ensureWorkspace(s.world.addOrganization(organizationID, ""), name, s.now())
		})
	}
}

// WithConnector adds a connector to a workspace of the organization
// OrganizationID. The workspace is created if it does not exist. New panics if
// the connector is not valid; see [Connector].
func WithConnector(workspace string, c Connector) Option {
	return WithConnectorIn(OrganizationID, workspace, c)
}

// WithConnectorIn is like [WithConnector] for any organization, which is created
// if it does not exist. New panics if its ID is not a UUID.
func WithConnectorIn(organizationID, workspace string, c Connector) Option {
	return func(o *options) {
		o.setup = append(o.setup, func(s *Service) {
			ws := s.world.ensureWorkspace(s.world.addOrganization(organizationID, ""), workspace, s.now())
			if err := s.world.addConnector(ws, c, s.now()); err != nil {
				panic(fmt.Sprintf("agentstest: connector %q: %v", cmp.Or(c.Slug, c.Name), err))
			}
		})
	}
}

// New returns a service that does not listen. Serve it as a handler, or call it
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
	s.faults.random = rand.New(rand.NewPCG(1, 2)) // the same faults in every run
	for _, op := range operations {
		s.counts[op.id] = new(atomic.Int64)
	}
	s.route()
	s.world.init()
	s.world.seedBase()
	for _, d := range s.options.documents {
		s.world.addDocument(d, epoch)
	}
	if !s.options.bare {
		s.world.seed()
	}
	for _, f := range s.options.setup {
		f(s)
	}
	if err := s.world.addDescribed(s.options.documents, s.now()); err != nil {
		panic(fmt.Sprintf("agentstest: %v", err)) // a description is checked before
	}
	for _, c := range s.world.connectors {
		c.searchFrom = s.now().Add(s.options.searchDelay)
	}
	return s
}

func (s *Service) now() time.Time { return s.options.clock() }

// route registers the handlers of the generated server, each behind what all
// operations have in common.
func (s *Service) route() {
	s.router = http.NewServeMux()
	strict := server.NewStrictHandlerWithOptions(&api{s}, []server.StrictMiddlewareFunc{s.guard}, server.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  bodyError,
		ResponseErrorHandlerFunc: answerError,
	})
	server.HandlerWithOptions(strict, server.StdHTTPServerOptions{
		BaseRouter:       &router{s},
		ErrorHandlerFunc: parameterError,
	})
	s.router.HandleFunc("GET "+consentPath, func(w http.ResponseWriter, r *http.Request) {
		s.begin(w, r, &operation{}, s.consentPage)
	})
	s.router.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.begin(w, r, &operation{}, func(w http.ResponseWriter, r *http.Request) {
			answerError(w, r, problem(http.StatusNotFound, "The service has no operation %s %s", r.Method, r.URL.Path))
		})
	})
}

// A router takes the routes of the generated server and adds the operation to
// each.
type router struct{ s *Service }

func (ro *router) ServeHTTP(w http.ResponseWriter, r *http.Request) { ro.s.router.ServeHTTP(w, r) }

func (ro *router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	op := operations[pattern]
	if op == nil { // a new operation without an entry, which a test reports
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

// ServeHTTP implements [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s == nil || s.router == nil {
		http.Error(w, "agentstest: there is no service: New returns one", http.StatusInternalServerError)
		return
	}
	s.router.ServeHTTP(w, r)
}

// begin counts and logs a request. It responds to the request with a fault if
// there is one, and with next otherwise.
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
		recorder := &statusWriter{ResponseWriter: w}
		defer func() { entry.status.Store(int32(recorder.status)) }() //nolint:gosec // a status
		w = recorder
	}
	if s.options.latency > 0 {
		pause(r.Context(), s.options.latency)
	}
	if fault := s.faults.next(op.id, body); fault != nil {
		s.strike(w, r, fault, next)
		return
	}
	if err != nil {
		answerError(w, r, problem(http.StatusBadRequest, "The body cannot be read: %v", err))
		return
	}
	next(w, r)
}

// readBody reads the body and replaces it by one that can be read again.
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

// A keptBody is a body that was read and can be read again.
type keptBody struct {
	*bytes.Reader
	body []byte
}

func (b *keptBody) Bytes() []byte { return b.body }

// Close implements [io.Closer].
func (b *keptBody) Close() error { return nil }

// pause waits for d or until ctx is done, which a closing server causes.
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

// A statusWriter remembers the status of a response.
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

package agentstest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Fault replaces or disturbs the responses to some requests; see
// [Service.Inject]. A Fault with only a Delay delays the real response.
//
// Operation, Entity and Action select requests; Times, After and Rate choose
// among the selected ones. This Fault breaks the connection after the first
// message has been created, whatever other requests come first:
//
//	fake.Inject(agentstest.Fault{Entity: "messages", Action: "create", Lost: true})
type Fault struct {
	// Operation is the operationId of the requests, "" for any. [Operations]
	// lists them. Requests for tokens are createToken; every action of every
	// connector is executeConnector.
	Operation string

	// Entity and Action select requests to run an action, "" for any. If one of
	// them is set, Operation must be executeConnector or "".
	Entity, Action string

	Times int     // how many of the requests are hit: 0 means 1, negative means all
	After int     // how many of the requests pass before that
	Rate  float64 // the probability that one is hit, 0 means always; every run hits the same ones

	// Delay is the time before the response. It ends early if the client goes
	// away.
	Delay time.Duration

	// Status makes the Fault respond with this status. The default is 200 if
	// there is a Body. Without a Body, a response of 400 and above is an error
	// in the service's shape.
	//
	// A 429 has the header Retry-After: 1 by default. A client that retries
	// waits that second and succeeds, so its caller sees no error. To make it
	// fail, refuse all requests and demand a longer wait than it accepts: Times:
	// -1 and Header: http.Header{"Retry-After": {"600"}}. For other errors that
	// are retried, Times: -1 is enough.
	Status int

	// Header is added to the response, even to the real one. A name without
	// values removes that header, such as the Retry-After of a 429.
	Header http.Header

	// Body is the body of the response. Its Content-Type is guessed, unless
	// Header has one.
	Body string

	// BodyDelay is the time between the first half of the body and the second.
	BodyDelay time.Duration

	// Reset breaks the connection before the response. The request has no
	// effect.
	Reset bool

	// Truncate breaks the connection after that many bytes of the body, or right
	// after the header if it is negative. The request takes effect, unless
	// Status or Body replaces the response.
	Truncate int

	// Lost breaks the connection before the response, but after the request has
	// taken effect, as when a gateway dies.
	Lost bool

	// Raw is written to the connection as it is; then the connection is closed.
	// It is for responses that are not HTTP.
	Raw string

	// Handler responds if none of the fields above replaces the response.
	Handler http.Handler
}

// Inject adds a fault. A request is hit by at most one: the first, in the order
// of Inject, that selects it and is not used up. Faults come before all checks,
// so requests need no token. Inject panics if the service has no such operation,
// and if a fault with an Entity or an Action has another operation than
// executeConnector.
//
// A fault that hits no request, for example because its Entity is misspelled,
// goes unnoticed. Call [Service.PendingFaults] at the end of the test to find
// it.
func (s *Service) Inject(f Fault) {
	s.mustKnow(f.Operation)
	if f.selective() && f.Operation != "" && f.Operation != executeConnector {
		panic(fmt.Sprintf("agentstest: a fault with an Entity or an Action must have the Operation %s or none, not %s", executeConnector, f.Operation))
	}
	s.faults.add(f)
}

// selective reports whether the fault depends on the entity or the action.
func (f *Fault) selective() bool { return f.Entity != "" || f.Action != "" }

// mustKnow panics if there is no such operation. A typing error would otherwise
// let a test pass for no reason.
func (s *Service) mustKnow(operationID string) {
	if operationID != "" && s.counts[operationID] == nil {
		panic(fmt.Sprintf("agentstest: the service has no operation %q", operationID))
	}
}

// ClearFaults removes the faults that are left.
func (s *Service) ClearFaults() { s.faults.clear() }

// PendingFaults returns the number of faults that are not used up. At the end of
// a test it should be 0. A fault with negative Times is never used up and always
// counts; use [Service.Requests] or [Service.Count] to see what it hit.
func (s *Service) PendingFaults() int { return int(s.faults.pending.Load()) }

type faultQueue struct {
	pending atomic.Int64 // len(queue), so that a service without faults takes no lock
	mu      sync.Mutex
	queue   []*Fault
	random  *rand.Rand
}

func (q *faultQueue) add(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	f.Header = f.Header.Clone()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = append(q.queue, &f)
	q.pending.Store(int64(len(q.queue)))
}

func (q *faultQueue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = nil
	q.pending.Store(0)
}

// next returns the fault that hits a request, nil if there is none.
func (q *faultQueue) next(op string, body []byte) *Fault {
	if q.pending.Load() == 0 {
		return nil
	}
	var entity, action string // empty for other operations
	if op == executeConnector {
		entity, action, _ = readExecution(body)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.queue {
		switch {
		case f.Operation != "" && f.Operation != op,
			f.Entity != "" && f.Entity != entity,
			f.Action != "" && f.Action != action:
			continue
		case f.After > 0:
			f.After--
			continue
		case f.Rate > 0 && q.random.Float64() >= f.Rate:
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				q.queue = append(q.queue[:i:i], q.queue[i+1:]...)
				q.pending.Store(int64(len(q.queue)))
			}
		}
		return f
	}
	return nil
}

// strike responds to a request that a fault hits.
func (s *Service) strike(w http.ResponseWriter, r *http.Request, f *Fault, next http.HandlerFunc) {
	pause(r.Context(), f.Delay)
	answer := next
	switch {
	case r.Context().Err() != nil, f.Reset:
		breakConnection(w, true)
		return
	case f.Raw != "":
		writeRaw(w, f.Raw)
		return
	case f.Status != 0 || f.Body != "":
		answer = f.answer
	case f.Handler != nil:
		f.Handler.ServeHTTP(w, r)
		return
	}
	if len(f.Header) == 0 && f.BodyDelay == 0 && f.Truncate == 0 && !f.Lost {
		answer(w, r)
		return
	}
	held := &heldAnswer{header: w.Header()}
	answer(held, r)
	if f.Lost {
		breakConnection(w, true)
		return
	}
	f.send(w, r, held)
}

// answer writes the response of the fault itself.
func (f *Fault) answer(w http.ResponseWriter, r *http.Request) {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	if f.Body == "" && status >= http.StatusBadRequest {
		answerError(w, r, problem(status, "Injected fault"))
		return
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	if f.Body != "" {
		kind := "text/plain; charset=utf-8"
		switch body := strings.TrimSpace(f.Body); {
		case strings.HasPrefix(body, "{"), strings.HasPrefix(body, "["):
			kind = "application/json"
		case strings.HasPrefix(body, "<"):
			kind = "text/html; charset=utf-8"
		}
		w.Header().Set("Content-Type", kind)
	}
	if status != http.StatusNoContent && status >= http.StatusOK {
		w.Header().Set("Content-Length", strconv.Itoa(len(f.Body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(f.Body)) // the client may be gone
}

// send sends a response that was held back, changed as the fault says.
func (f *Fault) send(w http.ResponseWriter, r *http.Request, held *heldAnswer) {
	body := held.body.Bytes()
	h := w.Header()
	if h.Get("Content-Length") == "" && held.status != http.StatusNoContent && !held.flushed {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	for name, values := range f.Header {
		if len(values) == 0 {
			h.Del(name)
		} else {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	w.WriteHeader(max(held.status, http.StatusOK))
	if held.flushed {
		_ = http.NewResponseController(w).Flush() // so that net/http adds no length
	}
	cut := len(body)
	if f.Truncate != 0 {
		cut = min(max(f.Truncate, 0), cut)
	}
	half := cut
	if f.BodyDelay > 0 {
		half = cut / 2
	}
	_, _ = w.Write(body[:half])
	if f.BodyDelay > 0 || f.Truncate != 0 {
		_ = http.NewResponseController(w).Flush()
	}
	if half < cut || f.BodyDelay > 0 {
		pause(r.Context(), f.BodyDelay)
		_, _ = w.Write(body[half:cut])
	}
	if f.Truncate != 0 && cut < len(body) {
		_ = http.NewResponseController(w).Flush()
		breakConnection(w, false)
	}
}

// A heldAnswer holds a response back. Its header is the header of the response.
type heldAnswer struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	flushed bool // early, and so without a length
}

// Header implements [http.ResponseWriter].
func (h *heldAnswer) Header() http.Header { return h.header }

// Flush implements [http.Flusher].
func (h *heldAnswer) Flush() { h.flushed = true }

// WriteHeader implements [http.ResponseWriter].
func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write implements [http.ResponseWriter].
func (h *heldAnswer) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

// breakConnection breaks the connection. With reset, the client learns of it at
// once, where that is possible.
func breakConnection(w http.ResponseWriter, reset bool) {
	if reset {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // close sends a reset
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler) // net/http, and Transport, close the connection
}

// writeRaw writes raw to the connection and closes it.
func writeRaw(w http.ResponseWriter, raw string) {
	if m, ok := unwrap[*memoryWriter](w); ok {
		m.raw = raw
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = conn.Write([]byte(raw)) // the client may be gone
	_ = conn.Close()
}

// unwrap returns the writer of type T that w wraps, and whether there is one.
func unwrap[T http.ResponseWriter](w http.ResponseWriter) (T, bool) {
	for {
		if found, ok := w.(T); ok {
			return found, true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			var none T
			return none, false
		}
		w = u.Unwrap()
	}
}

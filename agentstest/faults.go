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

// A Fault is a scripted answer in place of the service's own, or a disturbance
// of it; see [Service.Inject]. A Fault of which only Delay is set lets the real
// answer come late.
//
// Operation, Entity and Action say which requests it is for; Times, After and
// Rate, which of those it strikes. Here the first message that is created gets
// lost on its way back, whatever was asked before:
//
//	fake.Inject(agentstest.Fault{Entity: "messages", Action: "create", Lost: true})
type Fault struct {
	// Operation is the operationId that the requests are for; "" for any.
	// [Operations] lists them all. Each action of each connector is the one
	// operation executeConnector, and the request for a token is createToken.
	Operation string

	// Entity and Action are those that a request to run an action names; ""
	// for any. With either, the fault is for executeConnector alone, and
	// Operation is that or "".
	Entity, Action string

	Times int     // how many of these requests it strikes; 0 is one, less than 0 is all
	After int     // lets so many of them pass first
	Rate  float64 // the probability that it strikes; 0 is always. The same in each run

	// Delay passes before the answer, unless the client is gone before.
	Delay time.Duration

	// Status is that of an answer made here; 200 if only a Body is given.
	// Without a Body, the answer is an error in the service's shape.
	//
	// A 429 has Retry-After: 1 unless Header says otherwise. Clients that try
	// again wait that second and succeed, so that the caller sees nothing of
	// it. To see the refusal itself, have all requests refused, for longer
	// than a client waits: Times: -1 and Header: http.Header{"Retry-After":
	// {"600"}}. Other errors that are tried again need Times: -1 alone.
	Status int

	// Header is added to the answer, also to a real one. A name without
	// values takes a header away, such as the Retry-After that a 429 has.
	Header http.Header

	// Body is that of the answer, with a Content-Type that fits unless Header
	// has one.
	Body string

	// BodyDelay passes between the first half of the body and the second.
	BodyDelay time.Duration

	// Reset breaks the connection before an answer. The operation is not
	// carried out.
	Reset bool

	// Truncate sends the real answer, or the one above, and breaks the
	// connection after so many bytes of its body; after the header if less
	// than 0. The operation is carried out.
	Truncate int

	// Lost carries the operation out and breaks the connection before the
	// answer, as when a gateway dies.
	Lost bool

	// Raw is written on the connection as it is, which is then closed: for
	// answers that are not HTTP.
	Raw string

	// Handler answers, if nothing of the above does.
	Handler http.Handler
}

// Inject adds a fault. Each request meets at most one: the first, in the order
// they were injected, that is for it and not used up. Faults come before all
// checks, so a token is neither needed nor looked at. It panics when the service
// has no such operation, and when a fault with an Entity or an Action is for
// another operation than executeConnector.
//
// A fault that no request meets, such as one for an Entity that is misspelt,
// goes unnoticed unless the test asks [Service.PendingFaults] at its end.
func (s *Service) Inject(f Fault) {
	s.mustKnow(f.Operation)
	if f.selective() && f.Operation != "" && f.Operation != executeConnector {
		panic(fmt.Sprintf("agentstest: a fault with an Entity or an Action is for %s, not for %s", executeConnector, f.Operation))
	}
	s.faults.add(f)
}

// selective tells whether the fault looks at what is executed.
func (f *Fault) selective() bool { return f.Entity != "" || f.Action != "" }

// mustKnow finds typing errors, which would have a test pass for no reason.
func (s *Service) mustKnow(operationID string) {
	if operationID != "" && s.counts[operationID] == nil {
		panic(fmt.Sprintf("agentstest: the service has no operation %q", operationID))
	}
}

// ClearFaults forgets the faults that are left.
func (s *Service) ClearFaults() { s.faults.clear() }

// PendingFaults tells how many faults are not used up, which at the end of a
// test should be none. Those with a Times less than 0 never are: to know that
// they were met, look at [Service.Requests] or [Service.Count].
func (s *Service) PendingFaults() int { return int(s.faults.pending.Load()) }

type faultQueue struct {
	pending atomic.Int64 // so that a service without faults needs no lock
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

// next is the fault that strikes a request, or nil.
func (q *faultQueue) next(op string, body []byte) *Fault {
	if q.pending.Load() == 0 {
		return nil
	}
	var entity, action string // none for other operations
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

// strike answers a request as a fault says.
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

// answer is the answer that the fault itself makes.
func (f *Fault) answer(w http.ResponseWriter, r *http.Request) {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	if f.Body == "" && status >= http.StatusBadRequest {
		answerError(w, r, statusProblem(status))
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

// send sends an answer that was held back, with what the fault does to it.
func (f *Fault) send(w http.ResponseWriter, r *http.Request, held *heldAnswer) {
	body := held.body.Bytes()
	h := w.Header()
	if h.Get("Content-Length") == "" && held.status != http.StatusNoContent {
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

// heldAnswer keeps an answer back. Its header is that of the answer to be.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *heldAnswer) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

// breakConnection ends the connection in the middle; reset tells the client so
// at once, where that is possible.
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

// writeRaw writes something that need not be HTTP.
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

// unwrap finds the writer of type T under w.
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

package agentstest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Request is a request that the service received, without its secrets.
type Request struct {
	Time      time.Time
	ID        string // the X-Request-Id of the response
	Operation string // the operationId, "" if the service has no such operation
	Method    string
	Path      string
	Query     url.Values
	Header    http.Header // with Authorization and cookies redacted
	Body      []byte      // with secrets redacted; nil if it is longer than 64 KiB
	Status    int         // of the response; 0 until there is one, and if the connection was broken

	// Entity, Action and Params are set for executeConnector, also if the body
	// is too long for Body. Params is nil if the request has none. Its secrets
	// are redacted, and its numbers are of type json.Number.
	Entity, Action string
	Params         map[string]any

	// TokenID is the jti claim of the token, which tells tokens apart. It is ""
	// if the request has no token that the service issued.
	TokenID string
}

const (
	redacted    = "[REDACTED]"
	maxLogBytes = 64 << 10
)

// Count returns the number of requests for an operation, including requests that
// were refused or hit by a fault. For "" it returns the number of all requests.
// It panics if the service has no such operation.
func (s *Service) Count(operationID string) int {
	if operationID == "" {
		return int(s.total.Load())
	}
	s.mustKnow(operationID)
	return int(s.counts[operationID].Load())
}

// Operations returns the operationIds of the service, sorted.
func Operations() []string {
	list := make([]string, 0, len(operations))
	for _, op := range operations {
		list = append(list, op.id)
	}
	slices.Sort(list)
	return list
}

// Requests returns the latest requests, the oldest first; see [WithRequestLog]
// for how many. Callers may change what it returns.
func (s *Service) Requests() []Request {
	entries := s.log.entries()
	list := make([]Request, len(entries))
	for i, e := range entries {
		r := Request{
			Time: e.at, ID: e.id, Operation: e.op, Method: e.method, Path: e.path,
			Query: parseQuery(e.rawQuery), Header: redactHeader(e.header), Body: redactBody(e.body),
			Status: int(e.status.Load()), TokenID: s.tokens.jti(e.header.Get("Authorization")),
		}
		if e.op == executeConnector {
			r.Entity, r.Action, r.Params = readExecution(r.Body)
		}
		if len(e.body) > maxLogBytes {
			r.Body = nil
		}
		list[i] = r
	}
	return list
}

// readExecution returns what the body of an executeConnector asks for. What is
// missing or has the wrong type is empty.
func readExecution(body []byte) (entity, action string, params map[string]any) {
	fields, _ := decode(body).(map[string]any)
	entity, _ = fields["entity"].(string)
	action, _ = fields["action"].(string)
	params, _ = fields["params"].(map[string]any)
	return entity, action, params
}

// Reset sets all counters to 0 and clears the log of requests. Nothing else
// changes: [Service.ClearFaults] removes faults, and only a new service has the
// records of the beginning.
func (s *Service) Reset() {
	s.total.Store(0)
	for _, n := range s.counts {
		n.Store(0)
	}
	s.log.init(s.options.logSize)
}

func parseQuery(raw string) url.Values {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return values // the ones that are valid
	}
	return values
}

// A requestLog holds the latest requests in a ring.
type requestLog struct {
	mu   sync.Mutex
	ring []*logEntry
	size int
	next int
}

type logEntry struct {
	at                             time.Time
	id, op, method, path, rawQuery string
	header                         http.Header
	body                           []byte // may be longer than Request.Body
	status                         atomic.Int32
}

func (l *requestLog) init(size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size, l.ring, l.next = size, nil, 0
}

func (l *requestLog) add(s *Service, r *http.Request, op, id string, body []byte) *logEntry {
	if s.options.logSize == 0 {
		return nil
	}
	if len(body) > maxLogBytes && op != executeConnector {
		body = nil // Requests would not return it
	}
	e := &logEntry{
		at: s.now(), id: id, op: op, method: r.Method, path: r.URL.Path, rawQuery: r.URL.RawQuery, header: r.Header.Clone(), body: body,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < l.size {
		l.ring = append(l.ring, e)
	} else {
		l.ring[l.next] = e
		l.next = (l.next + 1) % l.size
	}
	return e
}

func (l *requestLog) entries() []*logEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.ring[l.next:], l.ring[:l.next])
}

func redactHeader(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
		for i, v := range h[name] {
			if scheme, _, found := strings.Cut(v, " "); found && name != "Cookie" {
				h[name][i] = scheme + " " + redacted
			} else {
				h[name][i] = redacted
			}
		}
	}
	return h
}

// secretNames are the members of bodies whose strings and numbers are redacted,
// at any depth.
var secretNames = map[string]bool{
	"client_secret": true, "credentials": true, "configuration": true, "server_side_oauth_secret_id": true,
	"replication_config": true, "destination_config": true, "partial_default_config": true,
	"password": true, "api_key": true, "api_token": true, "access_token": true, "refresh_token": true, "secret": true, "token": true,
}

// redactBody returns a copy of a body without secrets. A body that is not JSON
// it redacts as a whole if it may hold any.
func redactBody(body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if bytes.Contains(body, []byte("secret")) || bytes.Contains(body, []byte("credentials")) {
			return []byte(redacted)
		}
		return bytes.Clone(body)
	}
	if !redactValue(v, false) {
		return bytes.Clone(body) // as it was sent
	}
	out, err := json.Marshal(v)
	if err != nil {
		return []byte(redacted)
	}
	return out
}

// redactValue redacts the secrets in v and reports whether there are any.
func redactValue(v any, secret bool) (changed bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			hide := secret || secretNames[name]
			switch member := member.(type) {
			case string, json.Number:
				if hide {
					v[name], changed = redacted, true
				}
			default:
				changed = redactValue(member, hide) || changed
			}
		}
	case []any:
		for i, member := range v {
			switch member := member.(type) {
			case string, json.Number:
				if secret {
					v[i], changed = redacted, true
				}
			default:
				changed = redactValue(member, secret) || changed
			}
		}
	}
	return changed
}

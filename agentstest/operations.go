package agentstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// api implements the operations of the contract. When the contract gains one,
// the package does not compile until api has it.
type api struct{ s *Service }

var _ server.StrictServerInterface = (*api)(nil)

// An operation is what ServeHTTP has to know about an operation. The table operations is
// generated from the contract.
type operation struct {
	id       string   // the operationId
	token    string   // the kind of token that it needs, "" if any will do
	open     bool     // needs no token
	ids      []string // path parameters that are UUIDs
	body     bool     // has a JSON body
	required []string // members that the body must have
	notNull  []string // members that it may leave out, but that must not be null
}

// executeConnector is the operation that runs the actions of connectors.
const executeConnector = "executeConnector"

// The kinds of token that an operation may need: x-token in the contract.
const (
	applicationToken = "application"
	adminToken       = "admin" // an application token of an admin
	scopedToken      = "scoped"
)

// A call is what an operation has to know about its request, beside its
// parameters.
type call struct {
	op     *operation
	grant  *grant                     // of the token; nil for createToken
	base   string                     // the scheme and host that the client used
	header string                     // X-Organization-Id
	fields map[string]json.RawMessage // of the body
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// admit checks what all operations have in common. If a check fails, it responds
// to the request and returns nil.
func (s *Service) admit(w http.ResponseWriter, r *http.Request, op *operation) *call {
	c := &call{op: op, base: "http://" + r.Host, header: r.Header.Get("X-Organization-Id")}
	if r.TLS != nil || r.URL.Scheme == "https" { // the latter by Transport
		c.base = "https://" + r.Host
	}
	if err := s.check(r, op, c); err != nil {
		answerError(w, r, err)
		return nil
	}
	return c
}

// guard is what all operations have in common once the generated server has decoded the
// request: it checks the kind of the token, and holds the lock of the world while the
// operation runs, that for readers if its method is GET. An operation that calls a
// function of the user does so through unlocked. Only executeConnector takes the lock by
// itself, to find the connector: actions may take their time, and many run at once.
func (s *Service) guard(run server.StrictHandlerFunc, _ string) server.StrictHandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, request any) (any, error) {
		c := callOf(ctx)
		if err := c.grant.suits(c.op.token); err != nil {
			return nil, err
		}
		switch mu := &s.world.mu; {
		case c.op.id == executeConnector:
		case r.Method == http.MethodGet:
			mu.RLock()
			defer mu.RUnlock()
		default:
			mu.Lock()
			defer mu.Unlock()
		}
		return run(ctx, w, r, request)
	}
}

func (s *Service) check(r *http.Request, op *operation, c *call) *apiError {
	if !op.open {
		var err *apiError
		if c.grant, err = s.authorize(r.Header); err != nil {
			return err
		}
	}
	if c.header != "" && !isUUID(c.header) {
		return invalid(fieldProblem("header.X-Organization-Id", "uuid_parsing", "Input should be a valid UUID"))
	}
	if c.header != "" && c.grant != nil && !strings.EqualFold(c.header, c.grant.organization) {
		return forbidden("The token does not reach organization %s", c.header)
	}
	for _, name := range op.ids {
		if !isUUID(r.PathValue(name)) {
			return invalid(fieldProblem("path."+name, "uuid_parsing", "Input should be a valid UUID"))
		}
	}
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		for _, name := range []string{"workspace_id", "definition_id", "organization_id"} {
			if v := query.Get(name); v != "" && !isUUID(v) {
				return invalid(fieldProblem("query."+name, "uuid_parsing", "Input should be a valid UUID"))
			}
		}
	}
	if !op.body {
		return nil
	}
	return readFields(r, op, c)
}

// readFields reads a body before the generated server decodes it, since
// afterwards a missing member looks like an empty one.
func readFields(r *http.Request, op *operation, c *call) *apiError {
	kept, ok := r.Body.(interface{ Bytes() []byte })
	if !ok {
		return invalid(missing("body"))
	}
	body := kept.Bytes()
	if len(bytes.TrimSpace(body)) == 0 {
		return invalid(missing("body"))
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return invalid(fieldProblem("header.Content-Type", "content_type", "The Content-Type should be application/json"))
	}
	if err := json.Unmarshal(body, &c.fields); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return invalid(fieldProblem("body", "type_error", "Input should be an object"))
		}
		return problem(http.StatusBadRequest, "The body is not valid JSON: %v", err)
	}
	if c.fields == nil {
		return invalid(fieldProblem("body", "type_error", "Input should be an object"))
	}
	var items []errorItem
	for _, name := range op.required {
		switch v, ok := c.fields[name]; {
		case !ok:
			items = append(items, missing("body."+name))
		case string(v) == "null":
			items = append(items, notNull(name))
		}
	}
	for _, name := range op.notNull {
		if string(c.fields[name]) == "null" {
			items = append(items, notNull(name))
		}
	}
	if items != nil {
		return invalid(items...)
	}
	return nil
}

// notNull returns the problem of a member of the body that is null.
func notNull(name string) errorItem {
	return fieldProblem("body."+name, "type_error", "Input should not be null")
}

// isUUID reports whether s has the form of a UUID.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}

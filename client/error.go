package client

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// Kinds of errors, for errors.Is. The first six follow the status of the
// answer.
var (
	ErrUnauthorized error = &kind{text: "not authenticated"}  // 401
	ErrForbidden    error = &kind{text: "not allowed"}        // 403
	ErrNotFound     error = &kind{text: "not found"}          // 404
	ErrInvalid      error = &kind{text: "invalid request"}    // 400, 422, and input refused before sending
	ErrRateLimited  error = &kind{text: "too many requests"}  // 429
	ErrServer       error = &kind{text: "the service failed"} // 5xx

	// ErrConnectorNotFound is also ErrNotFound: no connector of the workspace
	// has the slug or name, or there is none of the id. Of executions, which
	// may miss something else, a 404 is ErrNotFound alone.
	ErrConnectorNotFound error = &kind{"no such connector", ErrNotFound}

	// ErrConnectorAmbiguous means that several connectors have the slug or
	// name.
	ErrConnectorAmbiguous error = &kind{text: "several connectors match"}

	// ErrWorkspaceNotFound is also ErrNotFound. [Workspace.Ensure] creates a
	// workspace that is missing.
	ErrWorkspaceNotFound error = &kind{"no such workspace", ErrNotFound}

	// ErrExecution means that the service ran an action and the action
	// failed: the answer was 200, its status not success.
	ErrExecution error = &kind{text: "the action failed"}

	// ErrEmptyDownload means that a file has no bytes; the service answers so
	// for files that do not exist.
	ErrEmptyDownload error = &kind{text: "the downloaded file is empty"}

	// ErrResponseTooLarge means that an answer is larger than
	// [WithMaxResponseBytes] allows.
	ErrResponseTooLarge error = &kind{text: "the answer is too large"}

	// ErrNetwork means that there was no complete answer: the service could not
	// be reached, the connection broke, or [WithAttemptTimeout] was over.
	ErrNetwork error = &kind{text: "the service was not reached"}

	// ErrPaging means that there is a next page, but no way to ask for it.
	ErrPaging error = &kind{text: "the next page cannot be asked for"}
)

type kind struct {
	text   string
	parent error
}

func (k *kind) Error() string { return k.text }
func (k *kind) Unwrap() error { return k.parent }

// An Error is why a call failed. Its text holds no secret and at most 512 bytes
// of what the service said. It is one line, but for problems of the
// configuration, which have a line each.
type Error struct {
	StatusCode int    // of the answer; 0 when there was none
	Code       string // as the service names the problem, "" when it does not
	Message    string // in the service's words; "" when there were none, and Error has it all
	Fields     []FieldError
	RequestID  string // as the service or a proxy told it
	Method     string // of the call's request, also where no token could be had to send it; "" when there was none to send
	Path       string
	Attempts   int           // requests sent, replays after 401 and those for tokens included
	RetryAfter time.Duration // how long the service asked to wait, 0 when it did not

	// Retryable reports whether the same call may succeed later and does no
	// harm if it is made again: not true of a write that may have been carried
	// out, nor of a request that is wrong.
	Retryable bool

	// OutcomeUnknown reports whether a write may have been carried out all the
	// same, since no answer says: the connection broke, a gateway answered, or
	// the answer could not be read. Look before making the call again.
	OutcomeUnknown bool

	// BudgetExhausted tells that the call was not retried since too many of
	// the client's calls had been; see the package documentation.
	BudgetExhausted bool

	op     string // what was being done
	note   string // why there was no other attempt, if there is more to say
	kind   error  // one of the kinds above, or nil
	err    error  // what lies behind
	ofAuth bool   // err has the status and all: there was no token to send the request with
	body   []byte
}

// A FieldError is what the service says of one field of a request, or, where
// Field is "", of the request as a whole.
type FieldError struct {
	Field, Message, Code string
	Details              map[string]any
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("client: ")
	if e.op != "" {
		b.WriteString(answer.Line(e.op) + ": ")
	}
	if e.ofAuth {
		b.WriteString(e.cause())
		return b.String()
	}
	var parts []string
	if e.StatusCode != 0 && e.StatusCode != http.StatusOK {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))))
	}
	if e.kind != nil && e.Message == "" && e.err == nil {
		parts = append(parts, e.kind.Error())
	}
	if said := e.said(); said != "" {
		parts = append(parts, said)
	}
	if e.err != nil {
		parts = append(parts, e.cause())
	}
	b.WriteString(cmp.Or(strings.Join(parts, ": "), "failed"))
	if e.note != "" {
		b.WriteString("; " + e.note)
	}
	var notes []string
	if e.Code != "" {
		notes = append(notes, "code "+shorten(e.Code))
	}
	if e.RequestID != "" {
		notes = append(notes, "request id "+e.RequestID)
	}
	if e.Attempts > 1 {
		notes = append(notes, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}

// said is the message and what it does not have of the fields, at most 512
// bytes.
func (e *Error) said() string {
	list := make([]string, 0, 4)
	if e.Message != "" {
		list = append(list, e.Message)
	}
	for _, f := range e.Fields {
		if text := strings.Trim(f.Field+": "+f.Message, ": "); text != "" && !strings.Contains(e.Message, text) {
			list = append(list, text)
		}
		if len(list) > 20 {
			break // they are not all seen
		}
	}
	return answer.Line(strings.Join(list, "; "))
}

// cause is the text of what lies behind, on one line but for problems of the
// configuration, which have one each.
func (e *Error) cause() string {
	if e.op == opConfiguration {
		return e.err.Error()
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, e.err.Error())
}

// opConfiguration is what New does.
const opConfiguration = "configuration"

// Is makes errors.Is match the kinds above.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrInvalid:
		return e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnprocessableEntity
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= 500
	}
	return false
}

// Unwrap gives errors.Is and errors.As the kind and what lies behind: an error
// of the network, of ctx, of a token source (*auth.TokenError) or of decoding.
func (e *Error) Unwrap() []error {
	var list []error
	for _, err := range []error{e.kind, e.err} {
		if err != nil {
			list = append(list, err)
		}
	}
	return list
}

// Body is the body of the answer, at most 1 MiB of it, nil when there was none
// or when it was decoded as it arrived.
// It is what the service sent and may hold anything, so it is for debugging
// rather than for logs.
func (e *Error) Body() []byte { return slices.Clone(e.body) }

// Format writes what Error returns, for every verb.
func (e *Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// LogValue implements [slog.LogValuer].
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("error", e.Error()),
		slog.Int("status", e.StatusCode),
		slog.String("code", e.Code),
		slog.String("request_id", e.RequestID),
		slog.String("method", e.Method),
		slog.String("path", e.Path),
		slog.Int("attempts", e.Attempts),
	)
}

// MarshalText returns what Error returns.
func (e *Error) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// maxErrorBody is how many bytes of a failed answer are read.
const maxErrorBody = 1 << 20

// invalid is the error of input that is refused before anything is sent.
func invalid(op, format string, args ...any) *Error {
	return &Error{op: op, kind: ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

// refuse is the error of input with these problems, the empty ones left out, or
// nil.
func refuse(op string, problems ...string) error {
	problems = slices.DeleteFunc(problems, func(p string) bool { return p == "" })
	if len(problems) == 0 {
		return nil
	}
	return invalid(op, "%s", strings.Join(problems, "; "))
}

// refusal is the error of an answer whose status says no. It reads and closes
// the body.
func refusal(call *call, resp *http.Response) *Error {
	defer answer.Discard(resp.Body)
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what arrived will do
	e := responseError(call, resp)
	e.body = body
	reason := answer.Parse(body)
	e.Code, e.Message = reason.Code, reason.Message
	e.Fields = fieldErrors(reason)
	call.judge(e, willingStatus(resp.StatusCode), true)
	if err := auth.RefreshError(resp); err != nil {
		e.err = fmt.Errorf("a new token could not be had: %w", err)
	}
	return call.scrub(e, resp.Request)
}

func fieldErrors(r answer.Reason) (list []FieldError) {
	for _, f := range r.Fields {
		list = append(list, FieldError(f))
	}
	return list
}

// missing marks the error of an operation that is about one thing, by its id: what
// is not found is that.
func missing(err, kind error) error {
	if e, ok := err.(*Error); ok && e.StatusCode == http.StatusNotFound { //nolint:errorlint // fetch returns no other
		e.kind = kind
	}
	return err
}

// withBody keeps, in an *Error of an answer, the beginning of that answer.
func withBody(err error, body []byte) error {
	if e, ok := errors.AsType[*Error](err); ok && e.body == nil {
		e.body = bytes.Clone(body[:min(len(body), maxErrorBody)])
	}
	return err
}

// withhold removes what a good answer said from the error of reading it, if the
// answer is a secret.
func (c *call) withhold(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !c.confidential {
		return err
	}
	e.body = nil
	if e.err == nil {
		e.Message = "the answer is not what it should be; it may be a secret, and is not shown"
	}
	return e
}

// responseError is an error of an answer, without what its body says.
func responseError(call *call, resp *http.Response) *Error {
	e := call.fail(nil)
	e.StatusCode, e.RequestID = resp.StatusCode, answer.RequestID(resp.Header)
	if d, ok := answer.RetryAfter(resp.Header, time.Now()); ok {
		e.RetryAfter = d
	}
	return e
}

// fail is the error of a call for which there is no answer.
func (c *call) fail(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	e := &Error{
		op: c.op, Method: c.method, Path: c.path, Attempts: int(c.sent.Load()), err: err,
		note: c.note, BudgetExhausted: c.exhausted,
	}
	if tok, ok := errors.AsType[*auth.TokenError](err); ok {
		e.StatusCode, e.Code, e.Message, e.RequestID, e.RetryAfter = tok.StatusCode, tok.Code, tok.Message, tok.RequestID, tok.RetryAfter
		e.Attempts += tok.Attempts
		e.ofAuth = true
		if (tok.StatusCode == 0 || tok.StatusCode == http.StatusOK) && tok.Temporary() {
			e.kind = ErrNetwork
		}
	}
	return e
}

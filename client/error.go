package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// The kinds of errors, for use with errors.Is. The first seven depend on the status of
// the response.
var (
	ErrUnauthorized = error(&sentinel{text: "not authenticated"})  // 401
	ErrForbidden    = error(&sentinel{text: "not allowed"})        // 403
	ErrNotFound     = error(&sentinel{text: "not found"})          // 404, except for that of a request for a token
	ErrInvalid      = error(&sentinel{text: "invalid request"})    // 400, 422, and input that is refused before sending
	ErrRateLimited  = error(&sentinel{text: "too many requests"})  // 429
	ErrServer       = error(&sentinel{text: "the service failed"}) // 5xx

	// ErrUsageExceeded means that the organization has used more than its plan
	// allows: status 402.
	ErrUsageExceeded = error(&sentinel{text: "the usage exceeds the plan"})

	// ErrConnectorNotFound means that the workspace has no connector with the slug
	// or name, or that there is none with the ID. It also matches ErrNotFound. A 404
	// in response to an action may be about a record, and matches only ErrNotFound.
	ErrConnectorNotFound = error(&sentinel{"no such connector", ErrNotFound})

	// ErrConnectorAmbiguous means that several connectors have the slug or name.
	ErrConnectorAmbiguous = error(&sentinel{text: "several connectors match"})

	// ErrWorkspaceNotFound means that there is no such workspace; [Workspace.Ensure]
	// creates one. It also matches ErrNotFound.
	ErrWorkspaceNotFound = error(&sentinel{"no such workspace", ErrNotFound})

	// ErrExecution means that the service ran an action and the action failed: the
	// response has status 200, and the status in it is not "success".
	ErrExecution = error(&sentinel{text: "the action failed"})

	// ErrEmptyDownload means that a downloaded file has no bytes. The service also
	// sends no bytes for a file that does not exist.
	ErrEmptyDownload = error(&sentinel{text: "the downloaded file is empty"})

	// ErrResponseTooLarge means that a response is larger than
	// [WithMaxResponseBytes] allows.
	ErrResponseTooLarge = error(&sentinel{text: "the response is too large"})

	// ErrNetwork means that there was no complete response: the service could not be
	// reached or its certificate is not trusted, the connection broke, or the time of
	// [WithAttemptTimeout], of the http.Client or of its transport was over. A timeout
	// matches os.ErrDeadlineExceeded, and context.DeadlineExceeded only if it was that
	// of the caller's ctx, which is no ErrNetwork.
	ErrNetwork = error(&sentinel{text: "the service was not reached"})

	// ErrBadResponse means that a response is not what the service sends: with status
	// 2xx, it is not JSON, or JSON of another form, or encoded in a way that the client
	// did not ask for; or it is a redirect that is not followed. It may come from a
	// proxy.
	ErrBadResponse = error(&sentinel{text: "the response is not what the service sends"})

	// ErrNoConsent means that a user, or the vendor, refused the consent that
	// [Workspace.StartOAuth] began.
	ErrNoConsent = error(&sentinel{text: "there was no consent"})

	// ErrPaging means that there is another page, or may be one, that cannot be
	// requested. Unless the error matches ErrPageRepeated, too, the page before is good,
	// and [All] has yielded it.
	ErrPaging = error(&sentinel{text: "the next page cannot be asked for"})

	// ErrPageRepeated means that a page came again, or would: what asked for the next
	// page was not understood. [All] does not yield such a page. It also matches
	// ErrPaging.
	ErrPageRepeated = error(&sentinel{"a page came again", ErrPaging})

	// ErrDefinitionAmbiguous means that several definitions match a slug or a name.
	ErrDefinitionAmbiguous = error(&sentinel{text: "several definitions match"})

	// ErrWaitedTooLong means that the [Polling.Limit] was over before what was waited
	// for happened.
	ErrWaitedTooLong = error(&sentinel{text: "wait limit exceeded"})
)

type sentinel struct {
	text   string
	parent error
}

func (k *sentinel) Error() string { return k.text }
func (k *sentinel) Unwrap() error { return k.parent }

// An Error is the error of a call. Its text contains no secret, and at most 512 bytes
// of the service's message. It is one line, except for an error of [New], which has a
// line for each problem.
type Error struct {
	StatusCode int          // the status of the response; 0 if there was none
	Code       string       // the service's code for the problem, if it sent one
	Message    string       // the message of the service, or of the client if it found the problem; Error returns the whole text
	Fields     []FieldError // the problems of single fields
	RequestID  string       // the ID that the service or a proxy gave the request
	Method     string       // the method of the request, even if it was not sent because there was no token
	Path       string       // the path of that request

	// What the call was about, as far as it is known: the name of a workspace, the slug
	// of a connector and its ID, an entity and an action. Errors of input that was
	// refused before sending may lack the workspace.
	Workspace, Connector, ConnectorID, Entity, Action string

	Attempts   int           // the number of requests sent, including those of a token fetch that failed
	RetryAfter time.Duration // how long the service asked to wait; 0 if it did not

	// Params are the parameters of the execution that failed, a copy of their own; in an
	// iteration with [All], those of the page that it failed at, so that another
	// iteration can begin there. After ErrPaging, that is the last page that came, whose
	// records were yielded. They are nil for other calls. Error does not print them.
	Params Params

	// Retryable reports whether the same call may succeed later and can safely be
	// repeated. It is false for invalid requests, and for writes that may have been
	// carried out.
	Retryable bool

	// OutcomeUnknown reports whether a write may have been carried out although it
	// returned an error: the connection broke, a gateway responded, the response could
	// not be read, or its status is none that means a failure, such as "running". Error
	// says so, too. Find out before repeating the call.
	OutcomeUnknown bool

	// BudgetExhausted reports whether the call was not retried because the client
	// had used up its budget of retries; see the package documentation.
	BudgetExhausted bool

	op     string // what was being done
	note   string // why there was no further attempt, if that needs saying
	kind   error  // one of the kinds above, or nil
	err    error  // the cause
	ofAuth bool   // err is about the token: StatusCode, Code and so on are from it
	before bool   // the call got no response, since there was no token
	done   bool   // the write was carried out
	// An action ended with a status that is not known to mean that it failed.
	unsettled bool
	body      []byte
}

// A FieldError is a problem of one field of a request or, if Field is "", of the
// request as a whole.
type FieldError struct {
	Field   string         `json:"field,omitzero"`
	Message string         `json:"message,omitzero"`
	Code    string         `json:"error_code,omitzero"`
	Details map[string]any `json:"details,omitempty"`
}

// Error returns what was being done, what went wrong, and what can be done about it.
func (e *Error) Error() string {
	text := phrase(": ", "client", answer.Line(e.op)) + ": "
	if e.ofAuth {
		return text + phrase("; ", e.cause(), e.note)
	}
	status, kind := "", ""
	if e.StatusCode != 0 && e.StatusCode != http.StatusOK {
		status = strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode))
	}
	if e.kind != nil && e.Message == "" && e.err == nil {
		kind = e.kind.Error()
	}
	unknown := ""
	if e.OutcomeUnknown {
		unknown = "it may have been carried out"
	}
	text += phrase("; ", cmp.Or(phrase(": ", status, kind, e.said(), e.cause()), "failed"), unknown, e.note)
	if notes := phrase(", ", e.place(text), labeled("code ", shorten(e.Code)), labeled("request id ", e.RequestID), e.attempts()); notes != "" {
		text += " (" + notes + ")"
	}
	return text
}

// place returns which connector, in which workspace, an error is about, unless text
// says so. The entity and the action are in its op.
func (e *Error) place(text string) string {
	id, workspace := shorten(answer.Line(e.ConnectorID)), strconv.Quote(shorten(answer.Line(e.Workspace)))
	if strings.Contains(text, strconv.Quote(id)) {
		id = ""
	}
	if e.Workspace == "" || strings.Contains(text, workspace) {
		workspace = ""
	}
	connector := phrase(" ", shorten(answer.Line(e.Connector)), id)
	return phrase(" of ", labeled("connector ", connector), labeled("workspace ", workspace))
}

// attempts returns the number of attempts in words if there were several.
func (e *Error) attempts() string {
	if e.Attempts < 2 {
		return ""
	}
	return strconv.Itoa(e.Attempts) + " attempts"
}

// phrase returns the parts that are not empty, with sep between them.
func phrase(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), sep)
}

// labeled returns text after a label, or nothing if text is empty.
func labeled(label, text string) string {
	if text == "" {
		return ""
	}
	return label + text
}

// said returns the message and the fields that it does not mention, in at most 512
// bytes.
func (e *Error) said() string {
	list := make([]string, 0, 4)
	if e.Message != "" {
		list = append(list, e.Message)
	}
	for _, f := range e.Fields {
		text := strings.Trim(f.Field+": "+f.Message, ": ")
		if strings.Contains(e.Message, text) {
			text = ""
		}
		if hints := f.suggestions(e.Message + text); hints != "" {
			text = strings.TrimSpace(text + " (" + hints + ")")
		}
		if text != "" {
			list = append(list, text)
		}
		if len(list) > 20 {
			break // the text is cut anyway
		}
	}
	return answer.Line(strings.Join(list, "; "))
}

// suggestions returns the names that the Details offer instead of an unknown one, such
// as the closest fields or the valid filters, unless text has them already.
func (f FieldError) suggestions(text string) string {
	var hints []string
	for _, key := range slices.Sorted(maps.Keys(f.Details)) {
		most := 0
		for word := range strings.SplitSeq(key, "_") {
			most = max(most, suggesting(word))
		}
		var names []string
		switch v := f.Details[key].(type) {
		case string:
			names = []string{v}
		case []any:
			for _, x := range v {
				if name, ok := x.(string); ok && len(names) < most {
					names = append(names, name)
				}
			}
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
		unsaid := func(name string) bool { return !hasWord(text, name) }
		if most > 0 && slices.ContainsFunc(names, unsaid) { // a part of them would look like all of them
			hints = append(hints, strings.ReplaceAll(key, "_", " ")+": "+strings.Join(names, ", "))
		}
	}
	return strings.Join(hints, "; ")
}

// hasWord reports whether text has word in it, with no letter, digit or underscore next
// to it: "contains" does not have "in".
func hasWord(text, word string) bool {
	inWord := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for rest := text; ; {
		before, after, ok := strings.Cut(rest, word)
		if !ok {
			return false
		}
		last, _ := utf8.DecodeLastRuneInString(text[:len(text)-len(rest)+len(before)])
		next, _ := utf8.DecodeRuneInString(after)
		if !inWord(last) && !inWord(next) {
			return true
		}
		rest = after
	}
}

// suggesting returns how many names are shown of a detail with a word in its own name: 0
// if the word does not mean that the detail offers something.
func suggesting(word string) int {
	switch word {
	case "closest", "similar", "suggested", "suggestion", "suggestions", "mean":
		return 5
	case "valid", "allowed", "supported", "available":
		return 20
	}
	return 0
}

// cause returns the text of err, if there is one, on one line unless the error is about
// the configuration.
func (e *Error) cause() string {
	switch {
	case e.err == nil:
		return ""
	case e.op == opConfiguration:
		return e.err.Error()
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, e.err.Error())
}

// opConfiguration is the op of the errors of New.
const opConfiguration = "configuration"

// Is reports whether the status of e is that of target, one of the kinds of errors.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound && !e.before // else nobody looked
	case ErrInvalid:
		return e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnprocessableEntity
	case ErrUsageExceeded:
		return e.StatusCode == http.StatusPaymentRequired
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= 500
	}
	return false
}

// Unwrap returns the kind of the error and its cause: an error of the network, of the
// ctx, of a token source (such as *auth.TokenError), or of decoding.
func (e *Error) Unwrap() []error {
	var list []error
	for _, err := range []error{e.kind, e.err} {
		if err != nil {
			list = append(list, err)
		}
	}
	return list
}

// Body returns up to 1 MiB of the body of the response, or nil if there was none or if it
// was decoded on arrival. The body may contain anything that the service sends: use it
// for debugging, and do not log it.
func (e *Error) Body() []byte { return slices.Clone(e.body) }

// Format writes what Error returns, for every verb, also of an Error that is not behind
// a pointer.
func (e Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// LogValue implements [slog.LogValuer]. It returns the text and those of the fields
// that are set.
func (e Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("error", e.Error())}
	for _, a := range []struct {
		key, text string
		number    int
	}{
		{"status", "", e.StatusCode}, {"code", e.Code, 0}, {"request_id", e.RequestID, 0},
		{"method", e.Method, 0}, {"path", e.Path, 0}, {"attempts", "", e.Attempts},
		{"workspace", e.Workspace, 0}, {"connector", e.Connector, 0}, {"connector_id", e.ConnectorID, 0}, {"entity", e.Entity, 0}, {"action", e.Action, 0},
	} {
		switch {
		case a.text != "":
			attrs = append(attrs, slog.String(a.key, a.text))
		case a.number != 0:
			attrs = append(attrs, slog.Int(a.key, a.number))
		}
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	if e.Retryable {
		attrs = append(attrs, slog.Bool("retryable", true))
	}
	if e.OutcomeUnknown {
		attrs = append(attrs, slog.Bool("outcome_unknown", true))
	}
	return slog.GroupValue(attrs...)
}

// MarshalText returns what Error returns.
func (e Error) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// statusClientClosed is what nginx logs when a client did not wait for the response.
// HTTP has no status for that.
const statusClientClosed = 499

// HTTPStatus returns the status with which the server of an HTTP interface should
// answer a request that failed because a call of this package returned err. What the
// caller of the server can correct is a 4xx; what is about the credentials of the
// server, or about the service behind it, is none, whatever the service's status was.
// The first line that applies counts:
//
//	200  nil
//	499  the ctx was canceled: the caller has gone
//	504  the deadline of the ctx, ErrWaitedTooLong
//	500  an error of New, auth.ErrNoCredentials, a request for WithOrganizationID
//	429  ErrRateLimited
//	503  ErrServer with RetryAfter
//	502  ErrServer
//	502  no token could be obtained, ErrUnauthorized, ErrForbidden, ErrUsageExceeded
//	400  ErrInvalid, ErrNoConsent
//	404  ErrNotFound, also of a connector or a workspace
//	409  ErrConnectorAmbiguous, ErrDefinitionAmbiguous
//	502  ErrNetwork, ErrBadResponse, ErrPaging, ErrExecution, any other status of the service
//	500  anything else
//
// For 429 and 503, [Error.RetryAfter] is the time for the Retry-After header, and 0 if
// the service did not say. The text of an error has no secret in it, but it does have
// texts of the service: decide which callers may read it.
func HTTPStatus(err error) int {
	var e *Error
	if !errors.As(err, &e) {
		e = new(Error)
	}
	_, ofToken := errors.AsType[*auth.TokenError](err)
	is := func(kinds ...error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	}
	switch {
	case err == nil:
		return http.StatusOK
	case is(context.Canceled):
		return statusClientClosed
	case is(context.DeadlineExceeded, ErrWaitedTooLong):
		return http.StatusGatewayTimeout
	case e.op == opConfiguration, e.note == needsOrganization, is(auth.ErrNoCredentials):
		return http.StatusInternalServerError
	case is(ErrRateLimited):
		return http.StatusTooManyRequests
	case is(ErrServer) && e.RetryAfter > 0:
		return http.StatusServiceUnavailable
	case is(ErrServer), ofToken, is(ErrUnauthorized, ErrForbidden, ErrUsageExceeded):
		return http.StatusBadGateway
	case is(ErrInvalid, ErrNoConsent):
		return http.StatusBadRequest
	case is(ErrNotFound):
		return http.StatusNotFound
	case is(ErrConnectorAmbiguous, ErrDefinitionAmbiguous):
		return http.StatusConflict
	case is(ErrNetwork, ErrBadResponse, ErrPaging, ErrExecution), e.StatusCode >= 400:
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}

// maxErrorBody is the number of bytes that are read of the body of a failed response.
const maxErrorBody = 1 << 20

const needsAdmin = "this needs the role of workspace admin"

const needsOrganization = "WithOrganizationID, or the variable AIRBYTE_ORGANIZATION_ID, sets the organization"

// invalid returns an error for input that is refused before anything is sent.
func invalid(op, format string, args ...any) *Error {
	return &Error{op: op, kind: ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

// refuse returns an error with the problems that are not empty, or nil if all are.
func refuse(op string, problems ...string) error {
	if text := phrase("; ", problems...); text != "" {
		return invalid(op, "%s", text)
	}
	return nil
}

// whichOrganization returns what to do about a response that asks for the
// organization, or "" if e is about something else, such as an entity or a parameter of
// an action that is called so.
func whichOrganization(e *Error) string {
	lower := strings.ToLower(e.said())
	if e.StatusCode != http.StatusBadRequest || !strings.Contains(lower, "organization") {
		return ""
	}
	for _, word := range [...]string{"x-organization-id", "specify", "several", "multiple", "more than one", "which organization", "header"} {
		if strings.Contains(lower, word) {
			return needsOrganization
		}
	}
	return ""
}

func fieldErrors(r answer.Reason) (list []FieldError) {
	for _, f := range r.Fields {
		list = append(list, FieldError(f))
	}
	return list
}

// missing sets the kind of the error of a 404, for an operation that names just one
// thing that can be missing.
func missing(err, kind error) error {
	if e := notFound(err); e != nil {
		e.kind = kind
	}
	return err
}

// notFound returns err if it is the response to a call that something is missing, else
// nil. An error that kept the call from being sent says nothing about that.
func notFound(err error) *Error {
	if e, ok := err.(*Error); ok && e.StatusCode == http.StatusNotFound && !e.before { //nolint:errorlint // fetch returns no other
		return e
	}
	return nil
}

// withBody keeps the beginning of a response in its error.
func withBody(err error, body []byte) error {
	if e, ok := errors.AsType[*Error](err); ok && e.body == nil {
		e.body = bytes.Clone(body[:min(len(body), maxErrorBody)])
	}
	return err
}

// shorten returns s, or as many of its characters as fit into 80 bytes and an ellipsis.
func shorten(s string) string {
	if len(s) > 80 {
		n := 80
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		return s[:n] + "…"
	}
	return s
}

// enumerate returns a list of the items for an error, shortened if they are many.
func enumerate[T any](items []T, text func(T) string) string {
	var list []string
	for _, item := range items {
		if s := shorten(answer.Line(text(item))); s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	if len(list) > 10 {
		list = append(list[:10], fmt.Sprintf("and %d more", len(list)-10))
	}
	return strings.Join(list, ", ")
}

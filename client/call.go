package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

// This file has a call whole: what it is, how it is sent, what it does with the response,
// and every error that it can end with. The stages that it passes are in pipeline.go.

// A call is one call of the SDK by the program, with what all its requests have in
// common. Its ctx carries it through the pipeline.
type call struct {
	// What the call has of its client. It does not have the Client: a program links all
	// methods of what a ctx holds, and those of an http.Client print cookies.
	via  doer
	base *url.URL
	root string // base, to which functions of package gen add the path of an operation

	req     *http.Request // nil if it could not be built
	unbuilt error         // why
	from    *url.URL      // of the response

	op      string // what errors call it, such as "list connectors"
	name    string // the operationId
	method  string
	path    string
	read    bool     // retry even if the request may have been received
	stream  bool     // the response is a file: no limit of its size or time
	file    bool     // it is read by a Download, also if it is JSON, and decompressed there
	about   subject  // what the call is about
	secrets []string // what the request contains and errors must not
	params  Params   // those of an execution: of some, the names say that the values are secrets, too

	key  string        // in the gate; "" if it is not known yet
	held time.Duration // how long the gate held back the attempt

	confidential bool // the response is a secret, and errors must not contain it
	mayBeEmpty   bool // the response to a write needs no content: its status says that all is well

	// consume reads a response with status 2xx. If it is set, the call ends with an
	// *Error for any other status, and a failure to read is retried. If it is nil,
	// the caller gets the response.
	consume func(*http.Response) error

	// opened, unless nil, gets the response to a call with stream, the time of an attempt,
	// and what ends the attempt.
	opened func(*http.Response, time.Duration, context.CancelCauseFunc)

	// refused, unless nil, reads a response with any other status, which the caller
	// then gets.
	refused func(*http.Response)

	sent      atomic.Int32 // the number of requests sent
	redirect  atomic.Int32 // the status of the last response, if it was a redirect, else 0
	note      string       // why there was no further attempt
	exhausted bool         // note is about the budget, which is used up
}

// server returns the URL to which the functions of package gen add the path of an
// operation.
func (c *call) server() string { return c.root }

// to sets the request of the call: what a function of package gen returns.
func (c *call) to(req *http.Request, err error) *call {
	c.req, c.unbuilt = req, err
	return c
}

// send sends the request through the pipeline. Its error, if any, is an *Error.
func (c *call) send(ctx context.Context) (*http.Response, error) {
	if c.unbuilt != nil {
		if own, ok := errors.AsType[*Error](c.unbuilt); ok {
			return nil, own
		}
		return nil, c.about.addTo(&Error{op: c.op, kind: ErrInvalid, err: fmt.Errorf("the request cannot be built: %w", c.unbuilt)})
	}
	return c.via.do(ctx, c, c.req)
}

// A doer sends the requests of calls: the pipeline, or what refuses them.
type doer interface {
	do(ctx context.Context, c *call, req *http.Request) (*http.Response, error)
}

// callKey is the key of the call in the ctx of its requests, which is how the stages
// behind the authorizer know it: package auth and net/http pass only requests on.
type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// A partial is a response that may lack what was requested: JSON with status
// 200 that is something else, as a proxy or a changed service may send it.
// Fields that only add to a response may be missing; they are zero then.
type partial interface {
	// lacks returns what is missing, or "" if nothing is.
	lacks() string
}

// unless returns what, the name of something that a response lacks, unless it
// is there.
func unless(there bool, what string) string {
	if there {
		return ""
	}
	return what
}

// fetch calls an operation that responds with JSON and decodes the response into a T.
// A response that lacks what a T requires is an error.
func fetch[T partial](ctx context.Context, c *call) (*T, error) {
	var v *T
	c.consume = func(resp *http.Response) error {
		v, c.from = new(T), resp.Request.URL // anew for every attempt
		if !c.read && isEmpty(resp) {
			if c.mayBeEmpty {
				return nil
			}
			return &Error{kind: ErrBadResponse, done: true, Message: "the request was carried out, but the response is empty and does not say with what result"}
		}
		err := readJSON(resp, v)
		if err != nil {
			return c.withhold(err)
		}
		if what := (*v).lacks(); what != "" {
			return &Error{kind: ErrBadResponse, Message: "the response has no " + what}
		}
		if quotes, ok := any(v).(interface{ scrub(s scrubber) }); ok { // texts of the service, which may quote the request
			quotes.scrub(c.scrubs(resp.Request))
		}
		return nil
	}
	if _, err := c.send(ctx); err != nil { //nolint:bodyclose // the pipeline closes what a call consumes
		return nil, err
	}
	return v, nil
}

// orLook returns err or, if err says only that the response to a change that was carried
// out is empty, what look finds out instead.
func orLook[T any](err error, look func() (*T, error)) (*T, error) {
	if e, ok := err.(*Error); ok && e.done { //nolint:errorlint // fetch returns no other
		if v, lookErr := look(); lookErr == nil {
			return v, nil
		}
	}
	return nil, err
}

// fetchList is fetch for a list, which the service sends under the name "data".
func fetchList[T any](ctx context.Context, c *call) ([]T, error) {
	got, err := fetch[listOf[T]](ctx, c)
	if err != nil {
		return nil, err
	}
	return got.Data, nil
}

type listOf[T any] struct {
	Data []T `json:"data"`
}

func (l listOf[T]) lacks() string { return unless(l.Data != nil, "list of data") }

// acknowledge calls an operation whose response has no content of interest.
func acknowledge(ctx context.Context, c *call) error {
	c.consume = func(resp *http.Response) error {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody)) // the status has said it all
		return nil
	}
	_, err := c.send(ctx) //nolint:bodyclose // the pipeline closes what a call consumes
	return err
}

// A refuser takes the place of a pipeline and of a source of tokens. It refuses every call
// and every token for the reason that it is.
type refuser string

const (
	noName refuser = "the workspace has no name: the name given to Client.Workspace, perhaps that of a tenant, is empty; for the configured workspace, use DefaultWorkspace"
	unmade refuser = "there is no client: New returns one, and its methods return workspaces and the rest; zero values are of no use"
)

// do returns the error of the call.
func (r refuser) do(_ context.Context, c *call, req *http.Request) (*http.Response, error) {
	closeBody(req)
	return nil, invalid(c.op, "%s", string(r))
}

// Token returns an error.
func (r refuser) Token(context.Context) (*auth.Token, error) {
	return nil, invalid("get token", "%s", string(r))
}

// unanswered returns the error for an attempt that err ended before there was a response
// to read, and which calls may be repeated after it. resp is nil, except for a redirect
// that was not followed. ctx is that of the attempt and descends from the caller's.
func (c *call) unanswered(ctx, callers context.Context, resp *http.Response, err error) (willing, *Error) {
	switch status := int(c.redirect.Load()); {
	case errors.Is(context.Cause(ctx), errAttemptTimeout):
		return readsOnly, c.cut(errAttemptTimeout)
	case status != 0: // a redirect that leads nowhere, or that was refused
		e := c.fail(withoutURL(err))
		e.StatusCode, e.kind = status, ErrBadResponse
		if resp != nil {
			e.RequestID = c.requestID(resp)
		}
		return never, e
	case timing.Ends(callers, err):
		return never, c.stopped(callers)
	}
	if _, ok := err.(*url.Error); !ok { //nolint:errorlint // see withoutURL
		if untrusted(err) {
			return never, c.cut(err)
		}
		return never, c.fail(err) // of the source of tokens, or of what the editor refuses
	}
	if errors.Is(err, auth.ErrUnsafe) {
		return never, c.fail(withoutURL(err))
	}
	return willingAfter(callers, err), c.cut(timing.Slow(withoutURL(err)))
}

// unread returns the error for a response with status 2xx that could not be read, and
// which calls may be repeated after it. ctx is that of the attempt and descends from the
// caller's.
func (c *call) unread(ctx, callers context.Context, resp *http.Response, err error) (willing, *Error) {
	broken := brokenOff(resp)
	switch {
	case errors.Is(err, ErrResponseTooLarge):
		return never, c.whole(resp, err)
	case errors.Is(context.Cause(ctx), errAttemptTimeout):
		return readsOnly, c.partly(callers, resp, errAttemptTimeout)
	case broken != nil && timing.Ends(callers, broken):
		return never, c.partly(callers, resp, broken)
	case answer.Corrupt(broken):
		return never, c.whole(resp, &Error{kind: ErrBadResponse, Message: "the response is not the gzip that it should be", err: broken})
	case broken != nil:
		return readsOnly, c.partly(callers, resp, broken)
	}
	if _, wrong := errors.AsType[*RecordError](err); !wrong && errors.Is(err, io.ErrUnexpectedEOF) {
		return readsOnly, c.whole(resp, err)
	}
	return never, c.whole(resp, err) // it would not be decoded the next time either
}

// stopped returns the error for a call whose ctx is done.
func (c *call) stopped(ctx context.Context) *Error {
	e := c.fail(nil)
	e.err = timing.Ended(ctx) // a cause may be an *Error of another call
	return e
}

// cut returns the error for an attempt that the network, or its time limit, ended.
func (c *call) cut(err error) *Error {
	e := c.fail(err)
	e.kind = ErrNetwork
	return e
}

// partly returns the error for a response that did not arrive in full.
func (c *call) partly(callers context.Context, resp *http.Response, err error) *Error {
	e := responseError(c, resp)
	if timing.Ends(callers, err) {
		err = timing.Ended(callers)
	} else {
		e.kind, err = ErrNetwork, timing.Slow(err)
	}
	e.err = fmt.Errorf("reading the response: %w", err)
	return c.scrub(e, resp.Request)
}

// whole adds what is known of a response, which arrived in full, to err.
func (c *call) whole(resp *http.Response, err error) *Error {
	e := responseError(c, resp)
	if own, ok := errors.AsType[*Error](err); ok {
		e.Code, e.Message, e.Fields = own.Code, own.Message, own.Fields
		e.kind, e.err, e.body, e.done, e.note, e.unsettled = own.kind, own.err, own.body, own.done, own.note, own.unsettled
		return c.scrub(e, resp.Request)
	}
	e.err = err
	if formless(err) != nil {
		e.kind, e.Message, e.err = ErrBadResponse, "the response is JSON, but not of the expected form", formless(err)
	}
	return c.scrub(e, resp.Request)
}

// withoutURL returns err without the method and the URL that net/http adds: an Error has
// both.
func withoutURL(err error) error {
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // only the outermost is net/http's
		return u.Err
	}
	return err
}

// willing says which calls may be repeated after a failure.
type willing int

const (
	never     willing = iota
	readsOnly         // the request may have been carried out
	always            // it was certainly not carried out
)

func willingStatus(status int) willing {
	switch status {
	case http.StatusTooManyRequests:
		return always
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return readsOnly
	}
	return never
}

// willingAfter judges an error of net/http. Others are not retried here: token sources
// do their own retries.
func willingAfter(ctx context.Context, err error) willing {
	switch op, ok := errors.AsType[*net.OpError](err); {
	case ctx.Err() != nil, untrusted(err):
		return never
	case ok && (op.Op == "dial" || op.Op == "proxyconnect"):
		return always
	}
	return readsOnly
}

// errAttemptTimeout matches os.ErrDeadlineExceeded, as timeouts of the network do. It
// does not match context.DeadlineExceeded, which would mean the caller's ctx.
var errAttemptTimeout = fmt.Errorf("the request took longer than WithAttemptTimeout allows: %w", os.ErrDeadlineExceeded)

// untrusted reports whether err says that the certificate of the service is not trusted.
// Then nothing was sent.
func untrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// judge sets whether a failed call may be repeated, and whether it may have been
// carried out. Only the last attempt matters: a write is retried only if the attempts
// before were certainly not carried out.
func (c *call) judge(e *Error, w willing, sent bool) {
	e.Retryable = e.Retryable && !sent || w == always || w == readsOnly && c.read // a token source may have judged it
	if tok, ok := errors.AsType[*auth.TokenError](e.err); ok && !sent {
		e.Retryable = tok.Temporary()
	}
	if c.read || !sent || w == always {
		return
	}
	_, wrong := errors.AsType[*RecordError](e.err) // the write was carried out and has a result
	switch status := e.StatusCode; {
	case status == 0:
		e.OutcomeUnknown = !untrusted(e.err)
	case status/100 == 2:
		e.OutcomeUnknown = (e.unsettled || !errors.Is(e.kind, ErrExecution)) && !wrong && !e.done
	default: // a redirect says that nothing was done here, except for one to the result
		e.OutcomeUnknown = status == http.StatusRequestTimeout || status == http.StatusSeeOther || status >= 500
	}
}

// finish ends a call. The caller gets the response if the call does not consume responses,
// or if it was consumed without an error. w and sent are about the last attempt.
func finish(c *call, resp *http.Response, err error, w willing, sent bool) (*http.Response, error) {
	switch {
	case err == nil && (c.consume == nil || c.refused != nil || resp.StatusCode/100 == 2):
		return resp, nil
	case err == nil:
		return nil, refusal(c, resp)
	}
	e, ok := err.(*Error) //nolint:errorlint // attempt returns no other
	if !ok {
		e = c.fail(err)
	}
	e.note, e.BudgetExhausted = cmp.Or(c.note, e.note), c.exhausted
	c.judge(e, w, sent)
	return nil, e
}

// refusal returns the error for a response whose status is not 2xx. It reads and closes
// the body.
func refusal(c *call, resp *http.Response) *Error {
	defer answer.Discard(resp.Body)
	body, unread := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // whatever arrived is better than nothing
	e := responseError(c, resp)
	if !c.confidential {
		e.body = body
	}
	reason := answer.Parse(body)
	e.Code, e.Message = reason.Code, reason.Message
	e.Fields = fieldErrors(reason)
	if own, ok := errors.AsType[*Error](unread); ok && e.Message == "" {
		e.Message = own.Message
	}
	if resp.StatusCode/100 < 4 { // net/http has followed the redirects that can be followed
		e.kind = ErrBadResponse
	}
	c.judge(e, willingStatus(resp.StatusCode), true)
	if err := answer.RefreshError(resp); err != nil {
		e.err = fmt.Errorf("no new token could be obtained: %w", err)
		if tok, ok := errors.AsType[*auth.TokenError](err); ok { // it says whether trying again helps
			e.Retryable, e.RetryAfter = tok.Temporary(), max(e.RetryAfter, tok.RetryAfter)
			e.Attempts += tok.Attempts
		}
	}
	if resp.Request.Header.Get("X-Organization-Id") == "" {
		e.note = cmp.Or(e.note, whichOrganization(e))
	}
	if e.StatusCode == http.StatusNotFound {
		e.note = cmp.Or(e.note, origin.Doubled(resp.Request.URL))
	}
	if e.StatusCode == http.StatusForbidden && adminOnly(c.name) {
		e.note = cmp.Or(e.note, needsAdmin)
	}
	for _, f := range e.Fields {
		if c.name == "executeConnector" && (f.Field == "body.entity" || f.Field == "body.action") {
			e.note = cmp.Or(e.note, "Describe lists the entities and their actions")
		}
	}
	return c.scrub(e, resp.Request)
}

// withhold removes the response from the error of decoding it if the response is a secret.
func (c *call) withhold(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !c.confidential {
		return err
	}
	e.body = nil
	if e.kind != ErrNetwork { //nolint:errorlint // a kind as it was set
		e.Message, e.err = "the response is not what it should be; it may be a secret, and is not shown", nil
	}
	return e
}

// responseError returns an error of the call with the status and the headers of a
// response, but nothing of its body.
func responseError(c *call, resp *http.Response) *Error {
	e := c.fail(nil)
	e.StatusCode, e.RequestID = resp.StatusCode, answer.RequestID(resp.Header)
	if d, ok := answer.RetryAfter(resp.Header, time.Now()); ok {
		e.RetryAfter = d
	}
	return e
}

// fail returns an error of the call with the cause err, which may be nil. It says nothing
// about a response, except one to a request for a token. If err is an *Error already, such
// as one of a source of tokens, fail returns a copy of it.
func (c *call) fail(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		e := *own // a token source may return the same one to other calls
		_ = c.about.addTo(&e)
		e.before = true
		return &e
	}
	e := &Error{
		op: c.op, Method: c.method, Path: c.path, Attempts: int(c.sent.Load()), err: err,
		note: c.note, BudgetExhausted: c.exhausted,
	}
	_ = c.about.addTo(e)
	if errors.Is(err, http.ErrSchemeMismatch) {
		e.note = cmp.Or(e.note, "this is a server without TLS: if it is at a loopback address, begin the base URL with http://")
	}
	if tok, ok := errors.AsType[*auth.TokenError](err); ok {
		e.StatusCode, e.Code, e.Message, e.RequestID, e.RetryAfter = tok.StatusCode, tok.Code, tok.Message, tok.RequestID, tok.RetryAfter
		e.Attempts += tok.Attempts
		e.ofAuth, e.before = true, true
		if e.note = cmp.Or(e.note, whichOrganization(e)); tok.StatusCode == http.StatusForbidden && tok.ClientIDSource == "" {
			e.note = cmp.Or(e.note, needsAdmin) // a scoped token, which another token asks for
		}
		switch answered := tok.StatusCode/100 == 2; {
		case tok.Temporary() && (answered || tok.StatusCode == 0):
			e.kind = ErrNetwork
		case answered, tok.StatusCode/100 == 3:
			e.kind = ErrBadResponse
		}
	}
	return e
}

// scrub removes from e the secrets of the call and of its request, in case the
// service repeats them.
func (c *call) scrub(e *Error, req *http.Request) *Error {
	s := c.scrubs(req)
	e.Message, e.Code, e.RequestID = s.String(e.Message), s.Name(e.Code), s.String(e.RequestID)
	for i, f := range e.Fields {
		f.Field, f.Message, f.Code = s.Name(f.Field), s.String(f.Message), s.Name(f.Code)
		f.Details, _ = s.value(f.Details).(map[string]any)
		e.Fields[i] = f
	}
	e.body = s.bytes(e.body)
	e.err = s.Error(e.err)
	return e
}

// scrubs returns a scrubber for the secrets of the call and the token in the
// headers of req.
func (c *call) scrubs(req *http.Request) scrubber {
	secrets := append(slices.Clip(c.secrets), secretParams(c.params)...)
	if req != nil {
		if _, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
			secrets = append(secrets, token)
		}
	}
	return newScrubber(secrets)
}

// attempted describes a request of c that has ended with a response or an error.
func (c *call) attempted(n int, took time.Duration, resp *http.Response, err error) Attempt {
	a := Attempt{
		Call: c.op, Operation: c.name, Method: c.method, Path: c.path, Number: n, Bytes: -1, Duration: took, Err: err, Held: c.held,
		Workspace: c.about.workspace, Connector: c.about.connector, ConnectorID: c.about.connectorID, Entity: c.about.entity, Action: c.about.action,
	}
	if resp == nil {
		return a
	}
	a.StatusCode, a.Bytes = resp.StatusCode, resp.ContentLength
	if b, ok := resp.Body.(*limited); ok && b.n > 0 {
		a.Bytes = b.n
	}
	a.RequestID = c.requestID(resp)
	return a
}

// requestID returns the request id of resp without the secrets of the call. An id that is
// less than half as long as every secret cannot contain one, in whatever form. It is
// returned at once, because a search for secrets costs more than the rest of an Attempt.
func (c *call) requestID(resp *http.Response) string {
	id := answer.RequestID(resp.Header)
	token := ""
	if resp.Request != nil {
		token = resp.Request.Header.Get("Authorization")
	}
	if !strings.Contains(id, "…") && longerThan(2*len(id)+len("Bearer "), token) && !slices.ContainsFunc(c.secrets, func(s string) bool { return !longerThan(2*len(id), s) }) {
		return id
	}
	return c.scrubs(resp.Request).String(id)
}

// longerThan reports whether s, without white space and all that is not ASCII, has more
// than n bytes.
func longerThan(n int, s string) bool {
	for i := 0; i < len(s) && n >= 0; i++ {
		if ' ' < s[i] && s[i] < 0x7f {
			n--
		}
	}
	return n < 0
}

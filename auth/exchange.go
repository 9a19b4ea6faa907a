package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/agent"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
	"github.com/airbyte-agents/airbyte-agents-go/internal/redact"
	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

const (
	maxAttempts     = 3
	attemptTimeout  = 10 * time.Second
	maxRetryAfter   = 60 * time.Second
	maxTokenAnswer  = 1 << 20          // bytes
	minLifetime     = time.Second      // below that, a token would be fetched for every call
	unknownLifetime = time.Minute      // of an application token, if the response does not say
	scopedLifetime  = 20 * time.Minute // of an opaque scoped token
)

// NewClientCredentials returns a TokenSource that exchanges the client ID and
// the client secret of an application for an application token. base is the
// address of the service. Every call of Token fetches a new token, so pass the
// source to [NewCache], or use [Shared] instead.
//
// A fetch follows no redirects and reads at most 1 MiB. It makes up to three
// attempts of at most 10 seconds each. It retries after a network error and
// after status 408, 429 or 5xx. The pauses between attempts grow and are not
// shorter than the service asks for in Retry-After; if that is more than 60
// seconds, or more than ctx allows, the fetch fails at once. The error is
// always a [*TokenError].
//
// The lifetime of the token is taken from expires_in in the response or, if
// that is missing or not a number, from the exp claim of the token. If neither
// says, it is assumed to be a minute, and [FetchReport.Assumed] is true.
//
// If hc is nil, [http.DefaultClient] is used. NewClientCredentials does not
// change hc.
func NewClientCredentials(cred Credentials, base *url.URL, hc *http.Client) TokenSource {
	return fetcher(func(ctx context.Context) (*Token, error) {
		x := exchange{op: "token request", cred: &cred, secret: cred.ClientSecret}
		if err := origin.CheckScheme(base); err != nil {
			return nil, x.fail(err)
		}
		api := service(base, withoutRedirects(hc))
		params := &gen.CreateTokenParams{}
		if cred.OrganizationID != "" {
			params.XOrganizationID = &cred.OrganizationID
		}
		body := gen.TokenRequest{ClientID: cred.ClientID, ClientSecret: string(cred.ClientSecret)}
		return x.do(ctx, readToken, func(ctx context.Context) (*http.Response, error) {
			return api.CreateToken(ctx, params, body)
		})
	})
}

// A fetcher is a TokenSource that is a function, so that reflection finds no
// secret in it.
type fetcher func(context.Context) (*Token, error)

func (f fetcher) Token(ctx context.Context) (*Token, error) { return f(ctx) }

func (f fetcher) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, "auth.TokenSource{…}")
}
func (f fetcher) LogValue() slog.Value {
	return slog.StringValue("auth.TokenSource{…}")
}
func (f fetcher) MarshalText() ([]byte, error) {
	return []byte("auth.TokenSource{…}"), nil
}

// A Scope describes what a scoped token gives access to; see [NewScoped].
type Scope struct {
	// WorkspaceName is the name of the only workspace that the token gives
	// access to. Fetching a token creates the workspace if it does not exist.
	// The application needs the role of workspace admin; otherwise the service
	// responds with status 403.
	WorkspaceName string

	// RegionID identifies the region in which a new workspace is created. It is
	// a UUID. If it is empty, the service uses its default, the US.
	RegionID string

	// OrganizationID is sent in the X-Organization-Id header if it is not
	// empty.
	OrganizationID string

	// Confirm is called before a token is fetched, until it has returned nil
	// once, and the source returns its error. With it, a program can refuse a
	// workspace that does not exist. It may be nil.
	Confirm func(context.Context) error
}

// NewScoped returns a TokenSource that exchanges an application token, from
// app, for a scoped token, which gives access to a single workspace. Every call
// of Token fetches a new token, with the limits, retries and errors that
// [NewClientCredentials] describes. The lifetime of the token is taken from its
// exp claim, or assumed to be 20 minutes if it has none.
func NewScoped(app TokenSource, scope Scope, base *url.URL, hc *http.Client) TokenSource {
	return newScoped(app, scope, base, hc, new(atomic.Bool))
}

// newScoped returns a source that keeps in confirmed whether scope.Confirm has
// returned nil.
func newScoped(app TokenSource, scope Scope, base *url.URL, hc *http.Client, confirmed *atomic.Bool) TokenSource {
	return fetcher(func(ctx context.Context) (*Token, error) {
		x := exchange{op: "scoped token request"}
		if err := origin.CheckScheme(base); err != nil {
			return nil, x.fail(err)
		}
		if scope.WorkspaceName == "" {
			return nil, x.fail(errors.New("the scope has no workspace name"))
		}
		if scope.Confirm != nil && !confirmed.Load() {
			if err := scope.Confirm(ctx); err != nil {
				return nil, err
			}
			confirmed.Store(true)
		}
		authorizer := &Authorizer{base, app, withoutRedirects(hc), scope.OrganizationID}
		api := service(base, authorizer)
		body := gen.ScopedTokenRequest{WorkspaceName: scope.WorkspaceName}
		if scope.RegionID != "" {
			body.RegionID = &scope.RegionID
		}
		return x.do(ctx, readScopedToken, func(ctx context.Context) (*http.Response, error) {
			return api.CreateScopedToken(ctx, &gen.CreateScopedTokenParams{}, body)
		})
	})
}

// service returns the generated client for base.
func service(base *url.URL, next gen.HttpRequestDoer) *gen.Client {
	return &gen.Client{Server: origin.Server(base), Client: next, RequestEditors: []gen.RequestEditorFn{introduce}}
}

// introduce sets the User-Agent header of req.
func introduce(_ context.Context, req *http.Request) error {
	req.Header.Set("User-Agent", agent.Name())
	return nil
}

// withoutRedirects returns a copy of hc that follows no redirects, since a
// secret must not go to another address. A redirect is returned as the
// response.
func withoutRedirects(hc *http.Client) gen.HttpRequestDoer {
	if hc == nil {
		hc = http.DefaultClient
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Transport = unmoved{cmp.Or(hc.Transport, http.DefaultTransport)}
	return doer(own.Do)
}

// An unmoved transport removes a Location that is not a URL, which would be an error of
// net/http even where redirects are not followed.
type unmoved struct{ next http.RoundTripper }

func (u unmoved) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := u.next.RoundTrip(req)
	if err == nil {
		if _, bad := url.Parse(resp.Header.Get("Location")); bad != nil {
			resp.Header.Set("Location", "/")
		}
	}
	return resp, err
}

// An exchange is one request for a token, including its retries.
type exchange struct {
	op     string
	cred   *Credentials // nil if the request is authorized by another token
	secret Secret       // must not appear in an error, even if the service repeats it
}

func (x exchange) do(ctx context.Context, read reader, send func(context.Context) (*http.Response, error)) (*Token, error) {
	for n := 0; ; n++ {
		countAttempt(ctx)
		tok, err := x.once(ctx, read, send)
		if err == nil {
			return tok, nil
		}
		if own, ok := errors.AsType[*TokenError](err.err); ok && err.StatusCode == 0 {
			return nil, own // the token for this request could not be fetched, and that fetch has had its retries
		}
		err.Attempts = n + 1
		pause := max(backoff.Delay(n, 200*time.Millisecond, 2*time.Second), err.RetryAfter)
		if n+1 == maxAttempts || !err.Temporary() || err.RetryAfter > maxRetryAfter || !backoff.Fits(ctx, pause) {
			return nil, err
		}
		if ended := backoff.Sleep(ctx, pause); ended != nil {
			if err.err != nil {
				ended = fmt.Errorf("%w; no further attempt: %w", err.err, ended)
			}
			err.err = ended
			return nil, err
		}
	}
}

func (x exchange) once(ctx context.Context, read reader, send func(context.Context) (*http.Response, error)) (*Token, *TokenError) {
	callers := ctx
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	resp, err := send(ctx) //nolint:bodyclose // answer.Discard closes it
	if err != nil {
		e := x.fail(timedOut(callers, ctx, err))
		// http.Client returns a *url.Error. Any other error comes from the
		// authorizer, and is worth another attempt only if waiting for a token took
		// longer than this attempt may.
		_, e.network = errors.AsType[*url.Error](err)
		e.network = e.network || errors.Is(err, context.DeadlineExceeded)
		return nil, e
	}
	defer answer.Discard(resp.Body)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenAnswer+1))
	switch {
	case resp.StatusCode/100 != 2: // even if reading its body failed
		e := x.refusal(resp, body)
		if err := answer.RefreshError(resp); err != nil { // of the token that this request needs: it says whether trying again helps
			err = timedOut(callers, ctx, err)
			tok, _ := errors.AsType[*TokenError](err)
			e.network = errors.Is(err, errSlow) || tok != nil && tok.Temporary()
			if tok != nil {
				e.RetryAfter = max(e.RetryAfter, tok.RetryAfter)
			}
			e.err = fmt.Errorf("no new token could be obtained: %w", x.hiding(resp).scrubber().Error(err))
		}
		return nil, e
	case err != nil:
		e := x.answer(resp, fmt.Errorf("reading the response: %w", timedOut(callers, ctx, err)))
		e.network = !answer.Corrupt(err)
		return nil, e
	case len(body) > maxTokenAnswer:
		return nil, x.answer(resp, errors.New("the response is larger than 1 MiB"))
	case len(bytes.TrimSpace(body)) == 0:
		return nil, x.answer(resp, errors.New("the response is empty, and not JSON"))
	}
	now := time.Now()
	issued, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		issued = now
	}
	tok, err := read(bytes.TrimPrefix(body, []byte("\ufeff")), issued, now)
	if err != nil {
		e := x.answer(resp, err)
		e.network = errors.Is(err, io.ErrUnexpectedEOF)
		return nil, e
	}
	return tok, nil
}

// A reader reads a token in a response that was sent at issued, by the clock of the
// service, and read at now, by that of this machine.
type reader func(body []byte, issued, now time.Time) (*Token, error)

// errSlow matches os.ErrDeadlineExceeded, as timeouts of the network do.
var errSlow = fmt.Errorf("the service did not respond in time: %w", os.ErrDeadlineExceeded)

// timedOut returns err as an error of whoever's time was over: of the caller, of the
// attempt, whose ctx descends from the caller's, or of the network. Only the first
// matches context.DeadlineExceeded. The ctx of a fetch of a [Cache] is not the caller's.
func timedOut(callers, attempt context.Context, err error) error {
	own := callers.Value(notesKey{}) != nil
	switch {
	case !own && timing.Ends(callers, err):
		return timing.Ended(callers)
	case errors.Is(attempt.Err(), context.DeadlineExceeded):
		return errSlow
	}
	return timing.Slow(err)
}

// lenient accepts what is beside a token: duplicate names and bytes that are no UTF-8.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// readToken reads a response of createToken.
func readToken(body []byte, issued, now time.Time) (*Token, error) {
	var a struct {
		AccessToken    Secret         `json:"access_token"`
		ExpiresIn      jsontext.Value `json:"expires_in"`
		OrganizationID jsontext.Value `json:"organization_id"`
	}
	if err := json.Unmarshal(body, &a, lenient); err != nil {
		return nil, notAToken(err)
	}
	life, told := lifetimeOfJWT(a.AccessToken, issued)
	// A lifetime that cannot be read is as if there were none: the token is good.
	if secs, err := strconv.ParseFloat(strings.TrimSpace(scalar(a.ExpiresIn)), 64); err == nil && !math.IsNaN(secs) && !math.IsInf(secs, 0) {
		life, told = seconds(secs), true
	}
	return expiring(&Token{AccessToken: a.AccessToken, OrganizationID: scalar(a.OrganizationID)}, life, told, unknownLifetime, now)
}

// scalar returns a text or a number as text, and "" for any other value.
func scalar(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		text, _ := jsontext.AppendUnquote(nil, v) // what is no UTF-8 is replaced
		return string(text)
	case '0':
		return string(v)
	}
	return ""
}

// readScopedToken reads a response of createScopedToken.
func readScopedToken(body []byte, issued, now time.Time) (*Token, error) {
	var a struct {
		Token Secret `json:"token"`
	}
	if err := json.Unmarshal(body, &a, lenient); err != nil {
		return nil, notAToken(err)
	}
	life, told := lifetimeOfJWT(a.Token, issued)
	return expiring(&Token{AccessToken: a.Token}, life, told, scopedLifetime, now)
}

func expiring(tok *Token, life time.Duration, told bool, assumed time.Duration, now time.Time) (*Token, error) {
	if tok.assumed = !told; !told {
		life = assumed
	}
	if life < minLifetime {
		return nil, errors.New("the service returned a token that has already expired")
	}
	tok.AccessToken = Secret(strings.TrimSpace(string(tok.AccessToken)))
	tok.Expiry = now.Add(life)
	return tok, tok.check(now)
}

// notAToken returns an error in place of err, the error of a decoder, which
// quotes its input and may so show a token.
func notAToken(err error) error {
	if form, ok := errors.AsType[*json.SemanticError](err); ok && form.JSONPointer != "" {
		return fmt.Errorf("the response is JSON, but not a token: %s is not a text", form.JSONPointer.LastToken())
	}
	switch _, ok := errors.AsType[*jsontext.SyntacticError](err); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the response breaks off: %w", io.ErrUnexpectedEOF)
	case ok:
		return errors.New("the response is not JSON")
	}
	return errors.New("the response is JSON, but not a token")
}

// A TokenError reports that the service did not return a token. Its text says
// where the credentials came from, and never contains their values.
type TokenError struct {
	_ [0]func() // not comparable, so that a field of any type can be added

	StatusCode int           // 0 if there was no response
	Code       string        // the service's code for the problem, or ""
	Message    string        // the service's description of the problem, at most 512 bytes
	RequestID  string        // the ID that the service or a proxy gave the request, or ""
	RetryAfter time.Duration // how long the service asked to wait, or 0
	Attempts   int           // number of requests sent

	// Where the credentials came from, as returned by Credentials.Source. Both
	// are "" if the request was authorized by another token.
	ClientIDSource     string
	ClientSecretSource string

	op      string
	err     error
	network bool
}

// fail returns the error of a request that got no response.
func (x exchange) fail(err error) *TokenError {
	e := &TokenError{op: x.op, err: x.scrubber().Error(err)}
	if x.cred != nil {
		e.ClientIDSource, e.ClientSecretSource = x.cred.Source("client_id"), x.cred.Source("client_secret")
	}
	return e
}

// answer returns the error of a response that cannot be used.
func (x exchange) answer(resp *http.Response, err error) *TokenError {
	e := x.fail(err)
	e.StatusCode, e.RequestID = resp.StatusCode, x.hiding(resp).scrubber().String(answer.RequestID(resp.Header))
	if d, ok := answer.RetryAfter(resp.Header, time.Now()); ok {
		e.RetryAfter = d
	}
	return e
}

// refusal returns the error of a response that is not a 2xx.
func (x exchange) refusal(resp *http.Response, body []byte) *TokenError {
	x = x.hiding(resp)
	e := x.answer(resp, nil)
	// The secret is redacted before Parse, which may cut it or take part of it
	// for an HTML tag, and again after Parse, which unescapes JSON and HTML.
	hide := x.scrubber()
	reason := answer.Parse([]byte(hide.String(string(body))))
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		reason.Message = "the service redirects token requests, and redirects are not followed; check the base URL"
	}
	if resp.StatusCode == http.StatusNotFound && resp.Request != nil {
		reason.Message = cmp.Or(origin.Doubled(resp.Request.URL), reason.Message)
	}
	e.Code, e.Message = hide.String(reason.Code), answer.Line(hide.String(reason.Message)) // redacting may make it longer
	return e
}

// hiding returns x with the bearer token of its request as the secret, if the
// request was not authorized by a client secret.
func (x exchange) hiding(resp *http.Response) exchange {
	if req := resp.Request; req != nil && x.secret == "" {
		x.secret = Secret(strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	}
	return x
}

// scrubber removes the secret, or the token that was sent instead, from texts.
func (x exchange) scrubber() redact.Scrubber { return redact.New(string(x.secret)) }

// Error returns a description of the problem on one line. It contains the
// fields that are set and advice on how to fix the credentials if they were
// refused.
func (e *TokenError) Error() string {
	var b strings.Builder
	b.WriteString("auth: " + cmp.Or(e.op, "token request"))
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.err != nil {
		b.WriteString(": " + e.err.Error())
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; the service asks to wait %s", e.RetryAfter.Round(time.Millisecond))
	}
	var details []string
	if e.Code != "" {
		details = append(details, "code "+e.Code)
	}
	if e.RequestID != "" {
		details = append(details, "request id "+e.RequestID)
	}
	if e.Attempts > 1 {
		details = append(details, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if len(details) > 0 {
		b.WriteString(" (" + strings.Join(details, ", ") + ")")
	}
	if e.ClientIDSource != "" {
		fmt.Fprintf(&b, "; client_id from %s, client_secret from %s", place(e.ClientIDSource, EnvClientID), place(e.ClientSecretSource, EnvClientSecret))
		if refused(e.StatusCode) {
			b.WriteString("; check that both belong to the same Airbyte application, that the secret has not been replaced, " +
				"and that the application has access to the organization")
		}
	}
	return b.String()
}

func place(source, env string) string {
	if source == SourceEnvironment {
		return env
	}
	return source
}

// Unwrap returns the error of sending the request or of reading the response,
// or nil if there was none.
func (e *TokenError) Unwrap() error { return e.err }

// Temporary reports whether the same request may succeed later: after a network
// error and after status 408, 429 or 5xx. An untrusted certificate, a canceled
// ctx and an error that matches [ErrUnsafe] are not temporary.
func (e *TokenError) Temporary() bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.err)
	switch {
	case errors.Is(e.err, ErrUnsafe), errors.Is(e.err, context.Canceled), untrusted:
		return false // the next request would fail in the same way
	case e.network:
		return true
	}
	return e.StatusCode == http.StatusRequestTimeout || e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= 500
}

package auth

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/agent"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
)

const (
	maxAttempts     = 3
	attemptTimeout  = 10 * time.Second
	maxRetryAfter   = 60 * time.Second
	maxTokenAnswer  = 1 << 20          // bytes
	unknownLifetime = 5 * time.Minute  // of an application token whose answer does not tell
	scopedLifetime  = 20 * time.Minute // of a scoped token that is opaque
)

// NewClientCredentials is the source that trades the client id and the secret
// of an application for a token, at the service whose address is base. It
// fetches at every call: give it to [NewCache], or use [Shared].
//
// hc is not changed; nil is http.DefaultClient. A fetch follows no redirect,
// reads at most 1 MiB, and is tried up to three times, with growing pauses or
// those that the service asks for (Retry-After, at most 60 s), when the service
// answers 408, 429 or 5xx or cannot be reached. Errors are *TokenError.
func NewClientCredentials(cred Credentials, base *url.URL, hc *http.Client) TokenSource {
	return clientCredentials(func(ctx context.Context) (*Token, error) {
		x := exchange{op: "token request", cred: &cred, secret: cred.ClientSecret}
		if err := checkScheme(base); err != nil {
			return nil, x.fail(err)
		}
		api, err := gen.NewClient(base.String(), gen.WithHTTPClient(withoutRedirects(hc)), gen.WithRequestEditorFn(introduce))
		if err != nil {
			return nil, x.fail(err)
		}
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

// clientCredentials is a function so that reflection finds no secret in it.
type clientCredentials func(context.Context) (*Token, error)

func (f clientCredentials) Token(ctx context.Context) (*Token, error) { return f(ctx) }

func (f clientCredentials) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, "auth.ClientCredentials{…}")
}
func (f clientCredentials) LogValue() slog.Value {
	return slog.StringValue("auth.ClientCredentials{…}")
}
func (f clientCredentials) MarshalText() ([]byte, error) {
	return []byte("auth.ClientCredentials{…}"), nil
}

// A Scope is what a scoped token reaches.
type Scope struct {
	// WorkspaceName is the only workspace that the token reaches. Minting a
	// token creates the workspace if there is none of that name.
	WorkspaceName string

	// RegionID is the region, a UUID, that a new workspace is created in; the
	// service's default (US) when empty.
	RegionID string

	// OrganizationID goes into the X-Organization-Id header when not empty.
	OrganizationID string
}

// NewScoped is the source that trades the application's token, from app, for
// one that reaches a single workspace. Like [NewClientCredentials] it fetches
// at every call. How long a token lives is read from its exp claim; an opaque
// one is taken to live 20 minutes.
func NewScoped(app TokenSource, scope Scope, base *url.URL, hc *http.Client) TokenSource {
	return clientCredentials(func(ctx context.Context) (*Token, error) {
		x := exchange{op: "scoped token request"}
		editor := &Editor{base, app, withoutRedirects(hc), scope.OrganizationID}
		api, err := gen.NewClient(base.String(), gen.WithHTTPClient(editor), gen.WithRequestEditorFn(introduce))
		if err != nil {
			return nil, x.fail(err)
		}
		body := gen.ScopedTokenRequest{WorkspaceName: scope.WorkspaceName}
		if scope.RegionID != "" {
			body.RegionID = &scope.RegionID
		}
		return x.do(ctx, readScopedToken, func(ctx context.Context) (*http.Response, error) {
			return api.CreateScopedToken(ctx, &gen.CreateScopedTokenParams{}, body)
		})
	})
}

// introduce says in a request who sends it.
func introduce(_ context.Context, req *http.Request) error {
	req.Header.Set("User-Agent", agent.Name())
	return nil
}

// withoutRedirects is a copy of hc that returns a redirect as the answer: a
// secret is for the address that it was meant for.
func withoutRedirects(hc *http.Client) *http.Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// An exchange is one request for a token, with its repetitions.
type exchange struct {
	op     string
	cred   *Credentials // nil when the request was made with another token
	secret Secret       // not to be repeated in an error, whatever the service says
}

func (x exchange) do(ctx context.Context, read func([]byte, time.Time) (*Token, error), send func(context.Context) (*http.Response, error)) (*Token, error) {
	for n := 0; ; n++ {
		countAttempt(ctx)
		tok, err := x.once(ctx, read, send)
		if err == nil {
			return tok, nil
		}
		if own, ok := errors.AsType[*TokenError](err.err); ok {
			return nil, own // of the token that the request was to be made with; it has seen its retries
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

func (x exchange) once(ctx context.Context, read func([]byte, time.Time) (*Token, error), send func(context.Context) (*http.Response, error)) (*Token, *TokenError) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	resp, err := send(ctx) //nolint:bodyclose // answer.Discard does
	if err != nil {
		e := x.fail(err)
		// http.Client returns a *url.Error; anything else is of the editor, where
		// only a wait that this attempt had no time for is worth another one.
		_, e.network = errors.AsType[*url.Error](err)
		e.network = e.network || errors.Is(err, context.DeadlineExceeded)
		return nil, e
	}
	defer answer.Discard(resp.Body)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenAnswer+1))
	switch {
	case resp.StatusCode != http.StatusOK: // whether or not its body came whole
		return nil, x.refusal(resp, body)
	case err != nil:
		e := x.answer(resp, fmt.Errorf("reading the answer: %w", err))
		e.network = true
		return nil, e
	case len(body) > maxTokenAnswer:
		return nil, x.answer(resp, errors.New("the answer is larger than 1 MiB"))
	}
	tok, err := read(body, time.Now())
	if err != nil {
		return nil, x.answer(resp, err)
	}
	return tok, nil
}

// readToken reads the answer of createToken.
func readToken(body []byte, now time.Time) (*Token, error) {
	var a struct {
		AccessToken    Secret         `json:"access_token"`
		ExpiresIn      jsontext.Value `json:"expires_in"`
		OrganizationID *string        `json:"organization_id"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, notAToken(err)
	}
	tok := &Token{AccessToken: a.AccessToken}
	if a.OrganizationID != nil {
		tok.OrganizationID = *a.OrganizationID
	}
	life, told := lifetimeOfJWT(tok.AccessToken, now)
	if s := strings.Trim(string(a.ExpiresIn), `" `); s != "" && s != "null" {
		secs, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, errors.New("expires_in is not a number")
		}
		life, told = seconds(secs), true
	}
	return expiring(tok, life, told, unknownLifetime, now)
}

// readScopedToken reads the answer of createScopedToken.
func readScopedToken(body []byte, now time.Time) (*Token, error) {
	var a struct {
		Token Secret `json:"token"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, notAToken(err)
	}
	life, told := lifetimeOfJWT(a.Token, now)
	return expiring(&Token{AccessToken: a.Token}, life, told, scopedLifetime, now)
}

func expiring(tok *Token, life time.Duration, told bool, assumed time.Duration, now time.Time) (*Token, error) {
	if !told {
		life = assumed
	}
	if life <= 0 {
		return nil, errors.New("the service says that the token has expired already")
	}
	tok.Expiry = now.Add(life)
	return tok, tok.check(now)
}

// notAToken hides the decoder's own words: they quote the input, and that may
// be a token.
func notAToken(err error) error {
	if _, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return errors.New("the answer is not JSON")
	}
	return errors.New("the answer is JSON, but not a token")
}

// A TokenError is why no token could be had from the service. It names the
// credentials by where they came from and never by value.
type TokenError struct {
	StatusCode int    // 0 when there was no answer
	Code       string // as the service names the problem, "" when it does not
	Message    string // in the service's words, at most 512 bytes
	RequestID  string
	RetryAfter time.Duration // how long the service asked to wait, 0 when it did not
	Attempts   int           // requests sent

	// Where the credentials came from, as Credentials.Source tells; both ""
	// when the request was made with another token.
	ClientIDSource     string
	ClientSecretSource string

	op      string
	err     error
	network bool
}

// fail is the error of a request that has no answer.
func (x exchange) fail(err error) *TokenError {
	e := &TokenError{op: x.op, err: err}
	if x.cred != nil {
		e.ClientIDSource, e.ClientSecretSource = x.cred.Source("client_id"), x.cred.Source("client_secret")
	}
	return e
}

// answer is the error of an answer that cannot be used.
func (x exchange) answer(resp *http.Response, err error) *TokenError {
	e := x.fail(err)
	e.StatusCode, e.RequestID = resp.StatusCode, x.hiding(resp).redact(answer.RequestID(resp.Header))
	if d, ok := answer.RetryAfter(resp.Header, time.Now()); ok {
		e.RetryAfter = d
	}
	return e
}

// refusal is the error of an answer that says no.
func (x exchange) refusal(resp *http.Response, body []byte) *TokenError {
	x = x.hiding(resp)
	e := x.answer(resp, nil)
	// Before Parse, since half a secret at the end of a message that was cut
	// short is not to be recognised, and after it for one that JSON escaped.
	reason := answer.Parse([]byte(x.redact(string(body))))
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		reason.Message = "the service redirects token requests, which are not followed; check the base URL"
	}
	e.Code, e.Message = x.redact(reason.Code), answer.Line(x.redact(reason.Message)) // a redaction may be longer than a secret
	return e
}

// hiding is x with the token that its request was made with as the secret,
// where that was not the client secret.
func (x exchange) hiding(resp *http.Response) exchange {
	if req := resp.Request; req != nil && x.secret == "" {
		x.secret = Secret(strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	}
	return x
}

// redact removes the secret, or the token that was sent instead, from what the
// service says, should it repeat it.
func (x exchange) redact(s string) string {
	secret := string(x.secret)
	if secret == "" {
		return s
	}
	s = strings.ReplaceAll(s, secret, redacted)
	// A text that package answer cut short may end inside the secret.
	if head, ok := strings.CutSuffix(s, "…"); ok {
		for n := len(secret) - 1; n >= minPart; n-- {
			if rest, ok := strings.CutSuffix(head, secret[:n]); ok {
				return rest + redacted + "…"
			}
		}
	}
	return s
}

// minPart is how many bytes of a secret are a part worth hiding.
const minPart = 4

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
	var notes []string
	if e.Code != "" {
		notes = append(notes, "code "+e.Code)
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
	if e.ClientIDSource != "" {
		fmt.Fprintf(&b, "; client_id from %s, client_secret from %s", origin(e.ClientIDSource, EnvClientID), origin(e.ClientSecretSource, EnvClientSecret))
		if refused(e.StatusCode) {
			b.WriteString("; check that both belong to the same Airbyte application, that the secret was not replaced, " +
				"and that the organization is one that the application can reach")
		}
	}
	return b.String()
}

func origin(source, env string) string {
	if source == SourceEnvironment {
		return env
	}
	return source
}

// Unwrap returns the error of the network or of reading the answer, if that is
// what went wrong.
func (e *TokenError) Unwrap() error { return e.err }

// Temporary reports whether the same request may succeed a little later: after
// an error of the network, and after status 408, 429 and 5xx.
func (e *TokenError) Temporary() bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.err)
	switch {
	case errors.Is(e.err, ErrUnsafe), errors.Is(e.err, context.Canceled), untrusted:
		return false // it will be as wrong next time
	case e.network:
		return true
	}
	return e.StatusCode == http.StatusRequestTimeout || e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= 500
}

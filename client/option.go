package client

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// DefaultBaseURL is the address of the service.
const DefaultBaseURL = "https://api.airbyte.ai"

// EnvAPIHost is the environment variable that [New] reads the address of the
// service from when [WithBaseURL] is not given.
const EnvAPIHost = "AIRBYTE_API_HOST"

const (
	defaultMaxRetries     = 2
	defaultAttemptTimeout = 2 * time.Minute
	defaultMaxBytes       = 64 << 20
)

// An Option configures a [Client]. Of two that say the same, the last one
// counts.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// config is what options write to; problems collects what is wrong with them.
type config struct {
	explicit       auth.Config
	connectorID    string
	baseURL        string
	httpClient     *http.Client
	source         auth.TokenSource
	scope          func(*resolved, auth.TokenSource, *http.Client) auth.TokenSource // nil for none
	region         Region
	maxRetries     int
	timeout        time.Duration
	attemptTimeout time.Duration
	log            attemptLog // nil for none
	userAgent      string
	maxBytes       int64
	observe        func(auth.Fetch)
	problems       []error
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// WithCredentials gives the client id and the secret of the Airbyte
// application. They are not those of a connector.
func WithCredentials(clientID, clientSecret string) Option {
	return optionFunc(func(c *config) {
		c.explicit.ClientID, c.explicit.ClientSecret = clientID, auth.Secret(clientSecret)
	})
}

// WithClientID gives the client id alone.
func WithClientID(id string) Option {
	return optionFunc(func(c *config) { c.explicit.ClientID = id })
}

// WithClientSecret gives the client secret alone.
func WithClientSecret(secret string) Option {
	return optionFunc(func(c *config) { c.explicit.ClientSecret = auth.Secret(secret) })
}

// WithOrganizationID chooses one of several organizations, by its UUID.
func WithOrganizationID(id string) Option {
	return optionFunc(func(c *config) { c.explicit.OrganizationID = id })
}

// WithWorkspaceName chooses the workspace of [NewWorkspace], [Connect] and
// Client.Workspace(""). The default is "default".
func WithWorkspaceName(name string) Option {
	return optionFunc(func(c *config) { c.explicit.WorkspaceName = name })
}

// WithConnectorID tells [Connect] the id of the connector, a UUID, so that it
// need not ask for it. Other functions refuse it.
func WithConnectorID(id string) Option {
	return optionFunc(func(c *config) { c.connectorID = strings.TrimSpace(id) })
}

// WithBaseURL gives the address of the service, by default that in
// AIRBYTE_API_HOST, else https://api.airbyte.ai. A bare host means https; http
// is for loopback addresses only; a path is kept as a prefix.
func WithBaseURL(u string) Option {
	return optionFunc(func(c *config) { c.baseURL = u })
}

// WithHTTPClient has requests sent with a copy of hc, which is not changed. The
// copy refuses redirects to other origins. By default all clients of the
// process share one transport, with 64 idle connections per host.
func WithHTTPClient(hc *http.Client) Option {
	return optionFunc(func(c *config) {
		if c.httpClient = hc; hc == nil {
			c.problem("WithHTTPClient: the client is nil")
		}
	})
}

// WithTokenSource has src give the tokens. No client id or secret is needed
// then, and none is looked for. src is asked before each request is sent, so
// one that has to fetch belongs into an auth.Cache.
func WithTokenSource(src auth.TokenSource) Option {
	return optionFunc(func(c *config) {
		if c.source = src; src == nil {
			c.problem("WithTokenSource: the source is nil")
		}
	})
}

// WithScopedToken has the client act with tokens that reach nothing but the
// client's workspace. The application's own token is used only to get them.
// Getting one creates the workspace if there is none of that name.
func WithScopedToken() Option {
	return optionFunc(func(c *config) { c.scope = scopedSource })
}

// scopedSource gives tokens for the workspace of r alone. Only the option above
// knows it, so that other programs do not carry its code.
func scopedSource(r *resolved, app auth.TokenSource, hc *http.Client) auth.TokenSource {
	scope := auth.Scope{WorkspaceName: r.cred.WorkspaceName, RegionID: string(r.region), OrganizationID: r.cred.OrganizationID}
	return auth.NewCache(auth.NewScoped(app, scope, r.base, hc), auth.WithObserver(r.observer()))
}

// observer is told of the client's fetches of tokens, nil if nobody wants to
// know.
func (r *resolved) observer() func(auth.Fetch) {
	log, observe := r.log, r.observe
	switch {
	case log == nil:
		return observe
	case observe == nil:
		return log.token
	}
	return func(f auth.Fetch) {
		log.token(f)
		observe(f)
	}
}

// A Region is where the service keeps a workspace, by its id, a UUID.
type Region string

// The regions of the service.
const (
	RegionUS Region = "645a183f-b12b-4c6e-8ad3-99e165603450"
	RegionEU Region = "b9e48d61-f082-4a14-a8d0-799a907938cb"
)

// WithRegion chooses where workspaces are created that do not exist yet: by
// [Workspace.Ensure], and by the tokens that [WithScopedToken],
// [Workspace.ScopedToken], [Workspace.ScopedTokens] and [Workspace.WidgetToken]
// get. The service's default is the US. A workspace that exists stays where it
// is.
func WithRegion(r Region) Option {
	return optionFunc(func(c *config) {
		id, ok := plainUUID(string(r))
		if c.region = Region(id); !ok {
			c.problem("WithRegion: %q is not the UUID of a region; see RegionUS and RegionEU", shorten(string(r)))
		}
	})
}

// WithTokenObserver has f called after each fetch of a token that the client
// makes. It is quick, and safe for concurrent use. It is not called for tokens
// of [WithTokenSource], nor for those that another client of the process
// fetched.
func WithTokenObserver(f func(auth.Fetch)) Option {
	return optionFunc(func(c *config) { c.observe = f })
}

// WithMaxRetries limits how often a call is sent again; 0 turns retries off,
// the default is 2. The replay after a refused token does not count.
func WithMaxRetries(n int) Option {
	return optionFunc(func(c *config) {
		if c.maxRetries = n; n < 0 {
			c.problem("WithMaxRetries: %d is negative; 0 turns retries off", n)
		}
	})
}

// WithTimeout limits each call, retries and pauses included, that comes with a
// ctx without deadline. 0, the default, means no limit. Downloads are not
// limited.
func WithTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) {
		if c.timeout = d; d < 0 {
			c.problem("WithTimeout: %v is negative", d)
		}
	})
}

// WithAttemptTimeout limits each request of a call, reading the answer
// included; of a download, the time until the answer begins. The default is 2
// minutes; 0 means no limit.
func WithAttemptTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) {
		if c.attemptTimeout = d; d < 0 {
			c.problem("WithAttemptTimeout: %v is negative", d)
		}
	})
}

// WithLogger makes the client log to l: each request of a call and each fetch of
// a token at level debug, each retry and each fetch that failed at level warn.
// Bodies, headers and secrets are not logged. There is no log by default.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) {
		if l == nil {
			c.problem("WithLogger: the logger is nil; leave the option out for no log")
		}
		c.log = slogLog{l}
	})
}

// WithUserAgent appends to the SDK's own User-Agent, for example "myapp/1.2".
func WithUserAgent(s string) Option {
	return optionFunc(func(c *config) {
		if c.userAgent = strings.TrimSpace(s); strings.ContainsFunc(c.userAgent, unicode.IsControl) {
			c.problem("WithUserAgent: a control character is inside")
		}
	})
}

// WithMaxResponseBytes limits JSON answers, after decompression; the default is
// 64 MiB. Downloads stream without limit.
func WithMaxResponseBytes(n int64) Option {
	return optionFunc(func(c *config) {
		if c.maxBytes = n; n <= 0 {
			c.problem("WithMaxResponseBytes: %d is not positive", n)
		}
	})
}

// resolved is a config whose values have been found and checked.
type resolved struct {
	config
	cred auth.Credentials
	base *url.URL
}

// resolve applies opts and reports all their problems at once.
func resolve(opts []Option) (*resolved, error) {
	r := &resolved{config: config{
		maxRetries:     defaultMaxRetries,
		attemptTimeout: defaultAttemptTimeout,
		maxBytes:       defaultMaxBytes,
	}}
	for _, opt := range opts {
		if opt == nil {
			r.problem("an option is nil")
			continue
		}
		opt.apply(&r.config)
	}
	problems := r.problems
	find := auth.Resolve
	if r.source != nil {
		find = auth.ResolveScope
	}
	var err error
	if r.cred, err = find(r.explicit); err != nil {
		problems = append(problems, err)
	}
	raw, from := r.baseURL, "WithBaseURL"
	if strings.TrimSpace(raw) == "" {
		raw, from = os.Getenv(EnvAPIHost), EnvAPIHost
	}
	if strings.TrimSpace(raw) == "" {
		raw = DefaultBaseURL
	}
	if r.base, err = auth.ParseBaseURL(raw); err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", from, err))
	}
	if r.connectorID != "" {
		if id, ok := connectorUUID(r.connectorID); ok {
			r.connectorID = id
		} else {
			problems = append(problems, errors.New("WithConnectorID: the id is not a UUID"))
		}
	}
	if len(problems) > 0 {
		return nil, &Error{op: opConfiguration, kind: ErrInvalid, err: errors.Join(problems...)}
	}
	return r, nil
}

package client

import (
	"context"
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
	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
)

// The address of the service: the one that is used unless another is configured, and the
// environment variable that holds it for clients without [WithBaseURL].
const (
	DefaultBaseURL = "https://api.airbyte.ai"
	EnvAPIHost     = "AIRBYTE_API_HOST"
)

const (
	defaultMaxRetries     = 2
	defaultMaxRetryAfter  = time.Minute
	defaultAttemptTimeout = 2 * time.Minute
	defaultMaxBytes       = 64 << 20
)

// An Option configures a [Client]. If an option is given twice, the last one wins.
// An option that is given an empty text is an error of [New]; leave it out instead.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// config holds what the options set, and the problems that they found.
type config struct {
	explicit       auth.Config
	connectorID    string
	baseURL        string
	httpClient     *http.Client
	source         auth.TokenSource
	scope          func(*resolved, auth.TokenSource, *http.Client) auth.TokenSource // nil for none
	sharing        *sharing                                                         // nil without WithTokenStore
	gating         *gating                                                          // nil without WithGate
	region         Region
	maxRetries     int
	maxRetryAfter  time.Duration
	timeout        time.Duration
	attemptTimeout time.Duration
	logs, watches  observer // of WithLogger, and of the options for observers
	userAgent      string
	maxBytes       int64
	problems       []error
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// filled records a problem if a value that an option was given is empty or blank.
func (c *config) filled(option, what, value string) {
	if strings.TrimSpace(value) == "" {
		c.problem("%s: the %s is empty; leave the option out instead", option, what)
	}
}

// WithCredentials sets the client ID and the client secret of the Airbyte
// application. They are not the credentials of a connector.
func WithCredentials(clientID, clientSecret string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithCredentials", "client ID", clientID)
		c.filled("WithCredentials", "client secret", clientSecret)
		c.explicit.ClientID, c.explicit.ClientSecret = clientID, auth.Secret(clientSecret)
	})
}

// WithClientID sets only the client ID. The client secret then comes from
// [auth.Configure] or the environment.
func WithClientID(id string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithClientID", "client ID", id)
		c.explicit.ClientID = id
	})
}

// WithClientSecret sets only the client secret. The client ID then comes from
// [auth.Configure] or the environment.
func WithClientSecret(secret string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithClientSecret", "client secret", secret)
		c.explicit.ClientSecret = auth.Secret(secret)
	})
}

// WithOrganizationID sets the ID of the organization to act in, a UUID. By default,
// this is the one that the credentials belong to; [Client.Organizations] lists those
// that they give access to.
func WithOrganizationID(id string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithOrganizationID", "ID", id)
		c.explicit.OrganizationID = id
	})
}

// WithWorkspaceName sets the name of the workspace that [NewWorkspace], [Connect] and
// [Client.DefaultWorkspace] use. The default is "default".
func WithWorkspaceName(name string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithWorkspaceName", "name", name)
		c.explicit.WorkspaceName = name
	})
}

// WithConnectorID gives [Connect] the ID of the connector, a UUID, so that it does
// not look the connector up. Only Connect accepts it.
func WithConnectorID(id string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithConnectorID", "ID", id)
		c.connectorID = strings.TrimSpace(id)
	})
}

// WithBaseURL sets the address of the service. By default it is the value of the
// environment variable AIRBYTE_API_HOST or, without that, [DefaultBaseURL]. A bare
// host means https, also "localhost:8080": a server without TLS needs http:// before it,
// which is accepted for loopback addresses only. A path is kept as a prefix.
func WithBaseURL(u string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithBaseURL", "address", u)
		c.baseURL = u
	})
}

// WithHTTPClient sets the HTTP client that sends the requests, for example one
// with a proxy, a private CA, or a transport that traces; see [NewTransport]. The SDK
// uses a copy of hc that refuses redirects to other origins; hc is not changed. By
// default all clients of the process share one transport.
func WithHTTPClient(hc *http.Client) Option {
	return optionFunc(func(c *config) {
		if c.httpClient = hc; hc == nil {
			c.problem("WithHTTPClient: the client is nil")
		}
	})
}

// WithTokenSource makes the client take its tokens from src. The client then needs no
// client ID and client secret, and does not look for them. It calls src.Token before
// each request, so a source that fetches its tokens should be wrapped in an
// [auth.Cache].
func WithTokenSource(src auth.TokenSource) Option {
	return optionFunc(func(c *config) {
		if c.source = src; src == nil {
			c.problem("WithTokenSource: the source is nil")
		}
	})
}

// watching returns what is to be told of requests and of fetches of tokens.
func (r *resolved) watching() observer { return r.logs.and(r.watches) }

// A Region is the ID, a UUID, of a place where the service keeps workspaces.
type Region string

// The regions that are known. There may be others.
const (
	RegionUS Region = "645a183f-b12b-4c6e-8ad3-99e165603450"
	RegionEU Region = "b9e48d61-f082-4a14-a8d0-799a907938cb"
)

// WithRegion sets the region of workspaces that the client creates: with
// [Workspace.Ensure], and by getting a token with
// [WithScopedTokenCreatingWorkspace] or [Workspace.WidgetToken]. The default is the US.
//
// The region matters only when the workspace is created. The service shows the region
// of no workspace, so a program cannot find out where one is, and does not say what it
// does if the workspace exists in another region, nor whether there are regions beside
// [RegionUS] and [RegionEU].
func WithRegion(r Region) Option {
	return optionFunc(func(c *config) {
		id, ok := plainUUID(string(r))
		if c.region = Region(id); !ok {
			c.problem("WithRegion: %q is not the UUID of a region; see RegionUS and RegionEU", shorten(string(r)))
		}
	})
}

// WithTokenObserver makes the client call f after each token fetch, whether it
// succeeded or not. f must be quick and safe for concurrent use. It is not called for
// tokens from [WithTokenSource], for tokens that another client of the process
// fetched, or for the scoped tokens with which [Workspace.Ensure] creates workspaces.
func WithTokenObserver(f func(auth.FetchReport)) Option {
	return optionFunc(func(c *config) { c.watches.fetch = f })
}

// WithAttemptObserver makes the client call f after each attempt of a call, for
// metrics: as a label, Operation has few values and Path has many. f must be quick and
// safe for concurrent use. Its ctx is that of the call. A panic in f is recovered and
// ignored.
func WithAttemptObserver(f func(context.Context, Attempt)) Option {
	return optionFunc(func(c *config) { c.watches.attempt = f })
}

// WithMaxRetries sets how many times a call may be retried. The default is 2; 0
// turns retries off. A request that is sent again because its token was refused does
// not count.
func WithMaxRetries(n int) Option {
	return optionFunc(func(c *config) {
		if c.maxRetries = n; n < 0 {
			c.problem("WithMaxRetries: %d is negative; 0 turns retries off", n)
		}
	})
}

// WithMaxRetryAfter sets how long a call waits to be retried if the service asks for it,
// with the header Retry-After. The default is a minute. If the service asks to wait
// longer than d, or than the ctx or [WithTimeout] allow, the call fails at once; how
// long it should wait is the RetryAfter of the [Error]. Programs that have time, such as
// one that copies all records at night, set it higher. Fetches of tokens do not wait
// longer than a minute.
func WithMaxRetryAfter(d time.Duration) Option {
	return optionFunc(func(c *config) {
		if c.maxRetryAfter = d; d <= 0 {
			c.problem("WithMaxRetryAfter: %v is not positive; WithMaxRetries(0) turns retries off", d)
		}
	})
}

// WithTimeout limits a whole call, including its retries and the pauses between
// them, if its ctx has no deadline. The default, 0, means no limit. Downloads are
// not limited. The error matches [context.DeadlineExceeded].
func WithTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) {
		if c.timeout = d; d < 0 {
			c.problem("WithTimeout: %v is negative", d)
		}
	})
}

// WithAttemptTimeout limits each attempt of a call, from waiting for a token to
// reading the response; for a download, to the beginning of the response, and then the
// time in which no byte of the file comes. The default
// is 2 minutes; 0 means no limit. The error matches [ErrNetwork] and
// [os.ErrDeadlineExceeded]. Reads are retried after it.
func WithAttemptTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) {
		if c.attemptTimeout = d; d < 0 {
			c.problem("WithAttemptTimeout: %v is negative", d)
		}
	})
}

// WithLogger makes the client log to l: each attempt of a call and each token fetch
// at level debug, each retry and each failed token fetch at level warn, and so, once a
// minute at most, that the store of [WithTokenStore] fails. Bodies, headers and secrets
// are not logged. By default, nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) {
		if l == nil {
			c.problem("WithLogger: the logger is nil; leave the option out for no log")
		}
		c.logs = logTo(l)
	})
}

// WithUserAgent appends s, for example "myapp/1.2", to the User-Agent header.
func WithUserAgent(s string) Option {
	return optionFunc(func(c *config) {
		c.filled("WithUserAgent", "text", s)
		if c.userAgent = strings.TrimSpace(s); strings.ContainsFunc(c.userAgent, unicode.IsControl) {
			c.problem("WithUserAgent: the text contains a control character")
		}
	})
}

// WithMaxResponseBytes limits the size of JSON responses, in bytes after
// decompression. The default is 64 MiB. Downloads have no limit. A larger response is
// an error that matches [ErrResponseTooLarge].
func WithMaxResponseBytes(n int64) Option {
	return optionFunc(func(c *config) {
		if c.maxBytes = n; n <= 0 {
			c.problem("WithMaxResponseBytes: %d is not positive", n)
		}
	})
}

// resolved is a config whose values were looked up and checked.
type resolved struct {
	config
	cred auth.Credentials
	base *url.URL
}

// resolve applies opts and looks up what they leave open. It reports all problems
// at once.
func resolve(opts []Option) (*resolved, error) {
	r := &resolved{config: config{
		maxRetries:     defaultMaxRetries,
		maxRetryAfter:  defaultMaxRetryAfter,
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
	if r.sharing != nil {
		r.sharing.check(&r.config)
	}
	problems := r.problems
	var err error
	if r.cred, err = auth.Resolve(r.explicit); err != nil {
		for _, p := range err.(interface{ Unwrap() []error }).Unwrap() { // as Resolve promises
			if r.source == nil || !errors.Is(p, auth.ErrNoCredentials) {
				problems = append(problems, p)
			}
		}
	}
	raw, from := r.baseURL, "WithBaseURL"
	if strings.TrimSpace(raw) == "" {
		raw, from = os.Getenv(EnvAPIHost), EnvAPIHost
	}
	if strings.TrimSpace(raw) == "" {
		raw = DefaultBaseURL
	}
	if r.base, err = origin.Parse(raw); err != nil {
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

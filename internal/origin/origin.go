// Package origin decides where secrets may be sent: only over https, except to
// loopback addresses, and only to the service's own origin.
package origin

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/internal/given"
)

// ErrUnsafe means that a request or an address would expose a secret: over
// plain http, or to another origin. Errors of this package match it with
// [errors.Is].
var ErrUnsafe = errors.New("would expose credentials")

// Parse parses the address of the service. A host without a scheme means https.
// Plain http is allowed only for loopback addresses, since it shows every secret
// to the network; for others the error matches [ErrUnsafe]. A path is kept as a
// prefix. Parse returns an error if the URL contains a user name, a query or a
// fragment.
func Parse(raw string) (*url.URL, error) {
	s := strings.TrimSpace(raw)
	if s == "" {
		return nil, errors.New("the base URL is empty")
	}
	if what := cmp.Or(given.Wrong(s), given.Raw(s)); what != "" {
		return nil, errors.New("the base URL " + what)
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		// Not err itself: it quotes the text, which may contain a password.
		return nil, errors.New("the base URL cannot be parsed (want a URL like https://api.airbyte.ai)")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.User != nil:
		return nil, errors.New("the base URL contains a user name or password; pass credentials as client ID and secret")
	case u.Hostname() == "":
		return nil, errors.New("the base URL has no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the base URL has a query or a fragment")
	}
	if err := CheckScheme(u); err != nil {
		return nil, err
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// Server returns base as the address that the generated client appends paths to.
func Server(base *url.URL) string { return strings.TrimSuffix(base.String(), "/") + "/" }

// Doubled says what is wrong with the base URL if that may be why nothing was found at
// u: it ends with what the client adds to it. Otherwise it returns "".
func Doubled(u *url.URL) string {
	if u == nil || !strings.Contains(u.Path, "/api/v1/api/v1/") {
		return ""
	}
	return "the base URL ends in /api/v1, which the client adds by itself; leave it out"
}

// CheckScheme returns an error that matches [ErrUnsafe] if a request to u would
// send a secret unencrypted.
func CheckScheme(u *url.URL) error {
	switch {
	case u == nil || u.Host == "":
		return errors.New("there is no base URL")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("%w: http to %s; use https (http is for loopback addresses only)", ErrUnsafe, u.Host)
	}
	return fmt.Errorf("%w: scheme %q; use https", ErrUnsafe, u.Scheme)
}

func loopback(host string) bool {
	// Not names below localhost: resolvers may look them up in the DNS.
	if strings.TrimSuffix(strings.ToLower(host), ".") == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Same reports whether a and b have the same scheme, host and port, and are not nil. A
// missing port is the default port of the scheme.
func Same(a, b *url.URL) bool {
	return a != nil && b != nil && strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	standard := "443"
	if strings.EqualFold(u.Scheme, "http") {
		standard = "80"
	}
	return cmp.Or(u.Port(), standard)
}

// CheckRedirect returns a policy for the CheckRedirect field of an
// [http.Client]. The policy follows only redirects within the origin of base,
// and none that changes the method, as from POST to GET. After its own checks
// it calls next. If next is nil, it stops after 10 redirects. The error for a
// redirect to another origin matches [ErrUnsafe].
func CheckRedirect(base *url.URL, next func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		switch {
		case !Same(base, req.URL):
			return fmt.Errorf("%w: %s redirects to another origin, %s://%s", ErrUnsafe, base.Host, req.URL.Scheme, req.URL.Host)
		case len(via) > 0 && cmp.Or(req.Method, http.MethodGet) != cmp.Or(via[0].Method, http.MethodGet):
			return fmt.Errorf("%s redirects a %s request as a %s request", base.Host, via[0].Method, req.Method)
		case next != nil:
			return next(req, via)
		case len(via) >= 10:
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}
}

package auth

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// ErrUnsafe is matched by errors that say that a secret would have gone where it
// must not go: over plain http, or to another origin by a redirect. Trying again
// is no use.
var ErrUnsafe = errors.New("refused to protect credentials")

// ParseBaseURL reads the address of the service. A bare host means https;
// plain http is for loopback addresses only, since it shows every secret to the
// network. A path is kept as a prefix. User names, queries and fragments are
// errors.
func ParseBaseURL(raw string) (*url.URL, error) {
	s := strings.TrimSpace(raw)
	if s == "" {
		return nil, errors.New("the base URL is empty")
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return nil, errors.New("the base URL has a control character inside")
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		// Not err itself: it quotes the text, and that may hold a password.
		return nil, errors.New("the base URL cannot be parsed (want something like https://api.airbyte.ai)")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.User != nil:
		return nil, errors.New("the base URL has a user name or password; credentials are given as client id and secret")
	case u.Hostname() == "":
		return nil, errors.New("the base URL has no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the base URL has a query or a fragment")
	}
	if err := checkScheme(u); err != nil {
		return nil, err
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// checkScheme refuses what would carry a secret in the clear.
func checkScheme(u *url.URL) error {
	switch {
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("%w: http to %s; use https (http is for loopback addresses only)", ErrUnsafe, u.Host)
	}
	return fmt.Errorf("%w: scheme %q; use https", ErrUnsafe, u.Scheme)
}

func loopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// SameOrigin reports whether two URLs have the same scheme, host and port.
func SameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	standard := "443"
	if strings.EqualFold(u.Scheme, "http") {
		standard = "80"
	}
	return cmp.Or(u.Port(), standard)
}

// CheckRedirect is a policy for [http.Client] that follows redirects within the
// origin of base only, and none that would turn a write into a GET. It asks
// next, if there is one, after its own checks; without one it stops after 10
// redirects.
func CheckRedirect(base *url.URL, next func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		switch {
		case !SameOrigin(base, req.URL):
			return fmt.Errorf("%w: %s redirects to another origin, %s://%s", ErrUnsafe, base.Host, req.URL.Scheme, req.URL.Host)
		case len(via) > 0 && cmp.Or(req.Method, http.MethodGet) != cmp.Or(via[0].Method, http.MethodGet):
			return fmt.Errorf("%s redirects a %s so that it becomes a %s", base.Host, via[0].Method, req.Method)
		case next != nil:
			return next(req, via)
		case len(via) >= 10:
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}
}

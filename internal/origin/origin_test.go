package origin_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
)

func mustURL(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"https://api.airbyte.ai", "https://api.airbyte.ai"},
		{" https://api.airbyte.ai/ \n", "https://api.airbyte.ai"},
		{"api.airbyte.ai", "https://api.airbyte.ai"},
		{"api.airbyte.ai:8443/agents//", "https://api.airbyte.ai:8443/agents"},
		{"HTTPS://API.Airbyte.AI/Path", "https://api.airbyte.ai/Path"},
		{"localhost:8080", "https://localhost:8080"},
		{"http://localhost:8080", "http://localhost:8080"},
		{"http://127.0.0.1:1/x/", "http://127.0.0.1:1/x"},
		{"http://[::1]:8080", "http://[::1]:8080"},
	} {
		if got, err := origin.Parse(tt.in); err != nil || got.String() != tt.want {
			t.Errorf("Parse(%q) = %v, %v; want %s", tt.in, got, err, tt.want)
		}
	}
	for in, want := range map[string]string{
		"":                            "empty",
		" \n":                         "empty",
		"http://api.airbyte.ai":       "use https",
		"http://192.168.1.1":          "use https",
		"http://127.0.0.1.evil.test":  "use https",
		"ftp://api.airbyte.ai":        "use https",
		"https://":                    "no host",
		"https:///path":               "no host",
		"https://:443":                "no host",
		"https://hidden@host":         "user name",
		"https://user:hidden@host":    "user name",
		"https://host?hidden=1":       "query",
		"https://host?":               "query",
		"https://host#hidden":         "fragment",
		"https://ho\nst":              "control character",
		"https://user:hidden@host:x/": "cannot be parsed",
		"https://host:hidden":         "cannot be parsed",
		"https://host/%zz":            "cannot be parsed",
	} {
		got, err := origin.Parse(in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("Parse(%q) = %v, %v; want an error with %q", in, got, err, want)
		}
		if errors.Is(err, origin.ErrUnsafe) != (want == "use https") {
			t.Errorf("Parse(%q): whether %v matches ErrUnsafe", in, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"https://api.airbyte.ai", "api.airbyte.ai/x//", "http://localhost:8080", "http://[::1%25lo]:1/%2F/", "https://h?q#f", "https://u:p@h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := origin.Parse(raw)
		if err != nil {
			if u != nil {
				t.Errorf("Parse(%q) = %v with error %v", raw, u, err)
			}
			return
		}
		if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(u.Path, "/") {
			t.Errorf("Parse(%q) = %#v", raw, u)
		}
		again, err := origin.Parse(u.String())
		if err != nil || again.String() != u.String() || !origin.Same(u, again) {
			t.Errorf("Parse(%q) = %s, which parses as %v, %v", raw, u, again, err)
		}
		joined, err := url.Parse(u.String() + "/api")
		if err != nil || !origin.Same(u, joined) {
			t.Errorf("Parse(%q) = %s, to which no path can be added: %v", raw, u, err)
		}
	})
}

func TestSame(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"https://h", "https://h/x?y", true},
		{"https://h", "HTTPS://H:443", true},
		{"http://h", "http://h:80", true},
		{"http://h:443", "https://h", false},
		{"https://h", "https://h:80", false},
		{"https://h", "https://h.", false},
		{"https://h", "https://a.h", false},
		{"https://[::1]:1", "https://[::1]:1", true},
		{"https://h", "/relative", false},
	} {
		if got := origin.Same(mustURL(tt.a), mustURL(tt.b)); got != tt.want {
			t.Errorf("Same(%s, %s) = %v", tt.a, tt.b, got)
		}
	}
}

func TestCheckRedirect(t *testing.T) {
	hop := func(method, address string) *http.Request {
		return &http.Request{Method: method, URL: mustURL(address)}
	}
	errPolicy := errors.New("the user's policy says no")
	deny := func(*http.Request, []*http.Request) error { return errPolicy }
	allow := func(*http.Request, []*http.Request) error { return nil }
	for _, tt := range []struct {
		name, from, to string
		hops           int
		next           func(*http.Request, []*http.Request) error
		want           string // part of the error; "" means that the redirect is followed
		unsafe         bool
	}{
		{"same origin", "GET", "GET https://service.test/b", 1, nil, "", false},
		{"same origin, port spelled out", "GET", "GET https://SERVICE.test:443/b", 1, nil, "", false},
		{"method by default", "", "GET https://service.test/b", 1, nil, "", false},
		{"write that stays one", "POST", "POST https://service.test/b", 1, nil, "", false},
		{"write that becomes a read", "POST", "GET https://service.test/b", 1, nil, "redirects a POST request as a GET request", false},
		{"other host", "GET", "GET https://elsewhere.test/b", 1, allow, "another origin", true},
		{"other host, and a query", "GET", "GET https://elsewhere.test/b?secret=1", 1, nil, "another origin", true},
		{"subdomain", "GET", "GET https://a.service.test/b", 1, allow, "another origin", true},
		{"other port", "GET", "GET https://service.test:444/b", 1, allow, "another origin", true},
		{"downgrade", "GET", "GET http://service.test/b", 1, allow, "another origin", true},
		{"ten", "GET", "GET https://service.test/b", 10, nil, "10 redirects", false},
		{"nine", "GET", "GET https://service.test/b", 9, nil, "", false},
		{"user's policy says no", "GET", "GET https://service.test/b", 1, deny, "user's policy", false},
		{"user's policy has its own limit", "GET", "GET https://service.test/b", 20, allow, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			method, address, _ := strings.Cut(tt.to, " ")
			var via []*http.Request
			for range tt.hops {
				via = append(via, hop(tt.from, "https://service.test/a?secret=1"))
			}
			err := origin.CheckRedirect(mustURL("https://service.test"), tt.next)(hop(method, address), via)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) || errors.Is(err, origin.ErrUnsafe) != tt.unsafe {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("a query is in %v", err)
			}
		})
	}
}

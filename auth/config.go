package auth

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/google/uuid"
)

// The environment variables that [Resolve] reads.
const (
	EnvClientID       = "AIRBYTE_CLIENT_ID"
	EnvClientSecret   = "AIRBYTE_CLIENT_SECRET"
	EnvOrganizationID = "AIRBYTE_ORGANIZATION_ID"
	EnvWorkspaceName  = "AIRBYTE_WORKSPACE"
)

// DefaultWorkspace is the workspace of programs that name none.
const DefaultWorkspace = "default"

// A Config says who a program is and where it works. Zero fields mean "not
// given". White space around a value is ignored, since secrets read from files
// end in a newline.
type Config struct {
	// ClientID and ClientSecret are the credentials of the Airbyte
	// application, not those of a connector.
	ClientID     string
	ClientSecret Secret

	// OrganizationID is a UUID. Only members of several organizations need
	// one; others act in the one that their credentials belong to.
	OrganizationID string

	// WorkspaceName is the name of a workspace; DefaultWorkspace when none is
	// given.
	WorkspaceName string
}

// String shows the configuration without its secret.
func (c Config) String() string { return "auth.Config{" + c.text() + "}" }

func (c Config) text() string {
	secret := `""`
	if c.ClientSecret != "" {
		secret = redacted
	}
	return fmt.Sprintf("ClientID:%q, ClientSecret:%s, OrganizationID:%q, WorkspaceName:%q",
		c.ClientID, secret, c.OrganizationID, c.WorkspaceName)
}

// Format writes what String returns, for every verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("client_id", c.ClientID),
		slog.Any("client_secret", c.ClientSecret),
		slog.String("organization_id", c.OrganizationID),
		slog.String("workspace_name", c.WorkspaceName),
	)
}

// configured is what Configure was given last.
var configured atomic.Pointer[Config]

// Configure sets the defaults of the process, replacing those of the previous
// call. The client id and the secret are required. A client that exists keeps
// what it was made with.
func Configure(c Config) error {
	c = c.trimmed()
	var missing []string
	if c.ClientID == "" {
		missing = append(missing, "ClientID")
	}
	if c.ClientSecret == "" {
		missing = append(missing, "ClientSecret")
	}
	var problems []string
	for _, p := range c.problems() {
		problems = append(problems, p.name+" "+p.what)
	}
	if len(missing) > 0 {
		problems = append(problems, strings.Join(missing, " and ")+" must be given")
	}
	if len(problems) > 0 {
		return fmt.Errorf("auth: configure: %s", strings.Join(problems, "; "))
	}
	configured.Store(&c)
	return nil
}

// Unconfigure drops what Configure was given.
func Unconfigure() { configured.Store(nil) }

func (c Config) trimmed() Config {
	return Config{
		ClientID:       strings.TrimSpace(c.ClientID),
		ClientSecret:   Secret(strings.TrimSpace(string(c.ClientSecret))),
		OrganizationID: strings.TrimSpace(c.OrganizationID),
		WorkspaceName:  strings.TrimSpace(c.WorkspaceName),
	}
}

// A problem is what is wrong with a value. It does not repeat the value, which
// could be a secret pasted into the wrong place.
type problem struct {
	field
	what string
}

// problems lists what is wrong with the values that are given.
func (c Config) problems() []problem {
	var list []problem
	for _, f := range fields {
		switch v := f.get(c); {
		case strings.ContainsFunc(v, unicode.IsControl):
			list = append(list, problem{f, "has a control character inside (a line break in the middle?)"})
		case f.name == "organization_id" && v != "":
			if _, err := uuid.Parse(v); err != nil || len(v) != 36 {
				list = append(list, problem{f, "is not a UUID (like 00000000-0000-0000-0000-000000000000)"})
			}
		}
	}
	return list
}

// The places a value can come from, as [Credentials.Source] names them.
const (
	SourceOption      = "option"
	SourceConfigure   = "configure"
	SourceEnvironment = "environment"
	SourceDefault     = "default"
)

// A field is one value of a Config and where to look for it.
type field struct {
	name, env string
	get       func(Config) string
	set       func(*Config, string)
}

var fields = [...]field{
	{"client_id", EnvClientID, func(c Config) string { return c.ClientID }, func(c *Config, v string) { c.ClientID = v }},
	{"client_secret", EnvClientSecret, func(c Config) string { return string(c.ClientSecret) }, func(c *Config, v string) { c.ClientSecret = Secret(v) }},
	{"organization_id", EnvOrganizationID, func(c Config) string { return c.OrganizationID }, func(c *Config, v string) { c.OrganizationID = v }},
	{"workspace_name", EnvWorkspaceName, func(c Config) string { return c.WorkspaceName }, func(c *Config, v string) { c.WorkspaceName = v }},
}

// secretFields is how many of fields, from the first, are the pair that a
// token is bought with.
const secretFields = 2

// Credentials are a resolved [Config]: each value is there, unless it is
// optional, and remembers where it came from.
type Credentials struct {
	Config
	sources [len(fields)]string
}

// Source tells where a value came from: "option", "configure", "environment" or
// "default", and "" for a value that no source gave. The names of the values
// are client_id, client_secret, organization_id and workspace_name.
func (c Credentials) Source(name string) string {
	for i, f := range fields {
		if f.name == name {
			return c.sources[i]
		}
	}
	return ""
}

// String shows the values, the secret redacted, and their sources.
func (c Credentials) String() string {
	var b strings.Builder
	b.WriteString("auth.Credentials{")
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		v := strconv.Quote(f.get(c.Config))
		if f.name == "client_secret" && c.ClientSecret != "" {
			v = redacted
		}
		b.WriteString(f.name + ":" + v)
		if c.sources[i] != "" {
			b.WriteString(" (" + c.sources[i] + ")")
		}
	}
	return b.String() + "}"
}

// Format writes what String returns, for every verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c Credentials) LogValue() slog.Value {
	attrs := c.Config.LogValue().Group()
	for i, f := range fields {
		if c.sources[i] != "" {
			attrs = append(attrs, slog.String(f.name+"_source", c.sources[i]))
		}
	}
	return slog.GroupValue(attrs...)
}

// ErrNoCredentials is matched by the errors of [Resolve] when the client id or
// the secret is missing. Their text lists every source that was looked at, what
// was found there, and how to mend it.
var ErrNoCredentials = errors.New("no credentials")

// Resolve finds every value of a [Config] by itself, in the first of these that
// has it: explicit, what [Configure] was given, the environment. A workspace
// that none of them names is [DefaultWorkspace]; an organization may be
// missing. All problems are reported at once; errors.Is(err, ErrNoCredentials)
// tells whether a missing id or secret is among them.
func Resolve(explicit Config) (Credentials, error) { return resolve(explicit, 0) }

// ResolveScope is [Resolve] for programs that bring their own tokens: it finds
// the organization and the workspace, and does not look for a client id or a
// secret.
func ResolveScope(explicit Config) (Credentials, error) { return resolve(explicit, secretFields) }

// resolve finds the values of fields[from:].
func resolve(explicit Config, from int) (Credentials, error) {
	var c Credentials
	givers := sources(explicit)
	for i, f := range fields[from:] {
		for _, g := range givers {
			if v := g.value(f); v != "" {
				f.set(&c.Config, v)
				c.sources[from+i] = g.name
				break
			}
		}
	}
	var problems []string
	for _, p := range c.problems() {
		problems = append(problems, fmt.Sprintf("%s (from %s) %s", p.name, origin(c.Source(p.name), p.env), p.what))
	}
	var missing []string
	for _, f := range fields[from:max(from, secretFields)] {
		if f.get(c.Config) == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 || len(problems) > 0 {
		return Credentials{}, &resolveError{missing, problems, report(givers)}
	}
	return c, nil
}

type resolveError struct {
	missing, problems []string
	report            string
}

func (e *resolveError) Error() string {
	var b strings.Builder
	b.WriteString("auth: ")
	if len(e.problems) > 0 {
		b.WriteString(strings.Join(e.problems, "; "))
	}
	if len(e.missing) == 0 {
		return b.String()
	}
	if len(e.problems) > 0 {
		b.WriteString("; ")
	}
	verb := "is"
	if len(e.missing) > 1 {
		verb = "are"
	}
	fmt.Fprintf(&b, "no credentials: %s %s missing; looked at:\n%s", strings.Join(e.missing, " and "), verb, e.report)
	fmt.Fprintf(&b, "To fix it, set %s and %s, call auth.Configure, or pass client.WithCredentials. "+
		"They are the credentials of your Airbyte application, not those of a connector.", EnvClientID, EnvClientSecret)
	return b.String()
}

func (e *resolveError) Is(target error) bool {
	return target == ErrNoCredentials && len(e.missing) > 0
}

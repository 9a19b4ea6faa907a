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

// Environment variables that [Resolve] reads.
const (
	EnvClientID       = "AIRBYTE_CLIENT_ID"
	EnvClientSecret   = "AIRBYTE_CLIENT_SECRET"
	EnvOrganizationID = "AIRBYTE_ORGANIZATION_ID"
	EnvWorkspaceName  = "AIRBYTE_WORKSPACE"
)

// DefaultWorkspace is the name of the workspace that is used if none is set.
const DefaultWorkspace = "default"

// A Config identifies a program to the service and names the workspace it uses.
// Empty fields count as not set. White space around a value is ignored, since a
// secret that was read from a file ends in a newline.
type Config struct {
	// ClientID and ClientSecret are the credentials of the Airbyte application,
	// not those of a connector.
	ClientID     string
	ClientSecret Secret

	// OrganizationID is a UUID. It is needed only by members of several
	// organizations. By default, requests act in the organization that the
	// credentials belong to.
	OrganizationID string

	// WorkspaceName is the name of a workspace, by default DefaultWorkspace.
	WorkspaceName string
}

// String returns the configuration with its secret redacted.
func (c Config) String() string { return "auth.Config{" + c.text() + "}" }

func (c Config) text() string {
	secret := `""`
	if c.ClientSecret != "" {
		secret = redacted
	}
	return fmt.Sprintf("ClientID:%q, ClientSecret:%s, OrganizationID:%q, WorkspaceName:%q",
		c.ClientID, secret, c.OrganizationID, c.WorkspaceName)
}

// Format implements [fmt.Formatter]. It writes the result of String for every
// verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer]. The secret is redacted.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("client_id", c.ClientID),
		slog.Any("client_secret", c.ClientSecret),
		slog.String("organization_id", c.OrganizationID),
		slog.String("workspace_name", c.WorkspaceName),
	)
}

// configured is the Config of the last successful call of Configure.
var configured atomic.Pointer[Config]

// Configure sets the defaults of the process, replacing those of a previous
// call. ClientID and ClientSecret are required. If anything is wrong with c,
// Configure sets nothing and returns an error that lists all problems. It does
// not change clients that already exist.
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

// Unconfigure clears the defaults that [Configure] set.
func Unconfigure() { configured.Store(nil) }

func (c Config) trimmed() Config {
	return Config{
		ClientID:       strings.TrimSpace(c.ClientID),
		ClientSecret:   Secret(strings.TrimSpace(string(c.ClientSecret))),
		OrganizationID: strings.TrimSpace(c.OrganizationID),
		WorkspaceName:  strings.TrimSpace(c.WorkspaceName),
	}
}

// A problem describes what is wrong with a value. It does not contain the
// value, which could be a secret that was pasted into the wrong field.
type problem struct {
	field
	what string
}

// problems returns what is wrong with the values that are set.
func (c Config) problems() []problem {
	var list []problem
	for _, f := range fields {
		switch v := f.get(c); {
		case strings.ContainsFunc(v, unicode.IsControl):
			list = append(list, problem{f, "contains a control character (perhaps a line break in the middle)"})
		case f.name == "organization_id" && v != "":
			if _, err := uuid.Parse(v); err != nil || len(v) != 36 {
				list = append(list, problem{f, "is not a UUID (like 00000000-0000-0000-0000-000000000000)"})
			}
		}
	}
	return list
}

// Places that a value can come from, as returned by [Credentials.Source].
const (
	SourceOption      = "option"
	SourceConfigure   = "configure"
	SourceEnvironment = "environment"
	SourceDefault     = "default"
)

// A field describes one value of a Config and its environment variable.
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

// secretFields is the number of fields, counted from the first, that are
// exchanged for a token.
const secretFields = 2

// Credentials are a resolved [Config]. All values are set except optional ones,
// and [Credentials.Source] returns where each value came from.
type Credentials struct {
	Config
	sources [len(fields)]string
}

// Source returns where a value came from: [SourceOption], [SourceConfigure],
// [SourceEnvironment] or [SourceDefault], or "" if the value is not set. The
// name is client_id, client_secret, organization_id or workspace_name.
func (c Credentials) Source(name string) string {
	for i, f := range fields {
		if f.name == name {
			return c.sources[i]
		}
	}
	return ""
}

// String returns the values and their sources, with the secret redacted.
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

// Format implements [fmt.Formatter]. It writes the result of String for every
// verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer]. The secret is redacted.
func (c Credentials) LogValue() slog.Value {
	attrs := c.Config.LogValue().Group()
	for i, f := range fields {
		if c.sources[i] != "" {
			attrs = append(attrs, slog.String(f.name+"_source", c.sources[i]))
		}
	}
	return slog.GroupValue(attrs...)
}

// ErrNoCredentials means that the client ID or the client secret is missing. An
// error of [Resolve] matches it with [errors.Is]. The text of that error lists
// every place that was looked at, what was found there, and how to fix it.
var ErrNoCredentials = errors.New("no credentials")

// Resolve looks up each value of a [Config] on its own. It takes the value from
// the first of these that has it: explicit, the defaults that [Configure] set,
// and the environment variables [EnvClientID], [EnvClientSecret],
// [EnvOrganizationID] and [EnvWorkspaceName]. The workspace is
// [DefaultWorkspace] if none of them has one. The organization is optional.
//
// The error lists all problems at once. It matches [ErrNoCredentials] if one of
// them is a missing client ID or client secret.
func Resolve(explicit Config) (Credentials, error) { return resolve(explicit, 0) }

// ResolveScope is like [Resolve], but for programs that have their own tokens.
// It looks up only the organization and the workspace, not the client ID and
// the client secret.
func ResolveScope(explicit Config) (Credentials, error) { return resolve(explicit, secretFields) }

// resolve looks up the values of fields[from:].
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

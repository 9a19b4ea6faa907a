package auth

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/airbyte-agents/airbyte-agents-go/internal/given"
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
// secret that was read from a file ends in a newline. A value with control
// characters or invisible ones in it is an error, and so are quotes around
// credentials and a variable that was not replaced, such as ${SECRET}: the file or
// the environment that they came from was not read as it was meant.
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
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.member + ":" + f.shown(c)
	}
	return strings.Join(texts, ", ")
}

// Format implements [fmt.Formatter]. It writes the result of String for every
// verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer]. The secret is redacted.
func (c Config) LogValue() slog.Value {
	attrs := make([]slog.Attr, len(fields))
	for i, f := range fields {
		attrs[i] = slog.String(f.name, f.get(c))
		if f.secret {
			attrs[i] = slog.Any(f.name, Secret(f.get(c)))
		}
	}
	return slog.GroupValue(attrs...)
}

// configured is the Config of the last successful call of Configure.
var configured atomic.Pointer[Config]

// Configure sets the defaults of the process, replacing those of a previous
// call. ClientID and ClientSecret are required. If anything is wrong with c,
// Configure sets nothing and returns an error that lists all problems. It does
// not change clients that already exist.
func Configure(c Config) error {
	c = c.trimmed()
	var missing, wrong []string
	for _, f := range fields {
		if f.needed && f.get(c) == "" {
			missing = append(missing, f.member)
		}
		if what := f.wrong(f.get(c), SourceConfigure); what != "" {
			wrong = append(wrong, f.name+" "+what)
		}
	}
	if len(missing) > 0 {
		wrong = append(wrong, strings.Join(missing, " and ")+" must be given")
	}
	if len(wrong) > 0 {
		return fmt.Errorf("auth: configure: %s", strings.Join(wrong, "; "))
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

// wrong returns what is wrong with a value of the field, or "". It does not
// contain the value, which could be a secret that was pasted into the wrong
// field.
func (f field) wrong(v, from string) string {
	if what := given.Wrong(v); what != "" {
		return what
	}
	if f.needed || from == SourceEnvironment { // a program may name a workspace as it likes
		if what := given.Raw(v); what != "" {
			return what
		}
	}
	if f.name == "organization_id" && v != "" {
		if _, err := uuid.Parse(v); err != nil || len(v) != 36 {
			return "is not a UUID (like 00000000-0000-0000-0000-000000000000)"
		}
	}
	return ""
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
	member    string // of Config
	get       func(Config) string
	set       func(*Config, string)
	needed    bool // to get a token
	secret    bool // never shown
}

// shown returns the value as texts show it.
func (f field) shown(c Config) string {
	v := f.get(c)
	if f.secret && v != "" {
		return redacted
	}
	return strconv.Quote(v)
}

var fields = [...]field{
	{
		name: "client_id", member: "ClientID", env: EnvClientID, needed: true,
		get: func(c Config) string { return c.ClientID }, set: func(c *Config, v string) { c.ClientID = v },
	},
	{
		name: "client_secret", member: "ClientSecret", env: EnvClientSecret, needed: true, secret: true,
		get: func(c Config) string { return string(c.ClientSecret) }, set: func(c *Config, v string) { c.ClientSecret = Secret(v) },
	},
	{
		name: "organization_id", member: "OrganizationID", env: EnvOrganizationID,
		get: func(c Config) string { return c.OrganizationID }, set: func(c *Config, v string) { c.OrganizationID = v },
	},
	{
		name: "workspace_name", member: "WorkspaceName", env: EnvWorkspaceName,
		get: func(c Config) string { return c.WorkspaceName }, set: func(c *Config, v string) { c.WorkspaceName = v },
	},
}

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
		b.WriteString(f.name + ":" + f.shown(c.Config))
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

// ErrNoCredentials means that the client ID or the client secret is missing or
// cannot be used. An error of [Resolve] matches it with [errors.Is]. If one is
// missing, the text of that error lists every place that was looked at, what was
// found there, and how to fix it.
var ErrNoCredentials = errors.New("no credentials")

// Resolve looks up each value of a [Config] on its own. It takes the value from
// the first of these that has it: explicit, the defaults that [Configure] set,
// and the environment variables [EnvClientID], [EnvClientSecret],
// [EnvOrganizationID] and [EnvWorkspaceName]. The workspace is
// [DefaultWorkspace] if none of them has one. The organization is optional.
//
// The error lists all problems at once, and has a method Unwrap() []error that
// returns each of them. Those with the client ID and the client secret match
// [ErrNoCredentials]. With an error, Resolve also returns what it found, without
// the values that cannot be used: a program that has tokens of its own needs no
// more than the organization and the workspace.
func Resolve(explicit Config) (Credentials, error) {
	var c Credentials
	var list problems
	var missing []string
	givers := sources(explicit)
	for i, f := range fields {
		v, from := lookUp(givers, f)
		switch what := f.wrong(v, from); {
		case what != "":
			list = append(list, &problem{fmt.Sprintf("%s (from %s) %s", f.name, place(from, f.env), what), f.needed})
		case v != "":
			f.set(&c.Config, v)
			c.sources[i] = from
		case f.needed:
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		list = append(list, &problem{absence(missing, givers), true})
	}
	if len(list) > 0 {
		return c, list
	}
	return c, nil
}

// problems are the error of Resolve.
type problems []error

func (p problems) Error() string {
	texts := make([]string, len(p))
	for i, err := range p {
		texts[i] = err.Error()
	}
	return "auth: " + strings.Join(texts, "; ")
}

func (p problems) Unwrap() []error { return p }

// A problem is a value that is missing or cannot be used.
type problem struct {
	text   string
	needed bool // to get a token
}

func (p *problem) Error() string { return p.text }

func (p *problem) Is(target error) bool { return target == ErrNoCredentials && p.needed }

// absence says that values are missing, where they were looked for, and how to
// give them.
func absence(missing []string, givers []giver) string {
	verb := " is"
	if len(missing) > 1 {
		verb = " are"
	}
	return "no credentials: " + strings.Join(missing, " and ") + verb + " missing; looked at:\n" + report(givers) +
		"To fix it, set " + EnvClientID + " and " + EnvClientSecret + ", call auth.Configure, or pass client.WithCredentials. " +
		"They are the credentials of your Airbyte application, not those of a connector. " +
		"Without an account, run a service in memory: go run github.com/airbyte-agents/airbyte-agents-go/agentstest/cmd/agents-sandbox@latest"
}

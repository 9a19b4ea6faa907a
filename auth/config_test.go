package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// configure calls auth.Configure for the duration of a test.
func configure(t *testing.T, c auth.Config) {
	t.Helper()
	t.Cleanup(auth.Unconfigure)
	if err := auth.Configure(c); err != nil {
		t.Fatal(err)
	}
}

func TestResolveFieldByField(t *testing.T) {
	// Each test sets one value of a Config. The client ID and the secret are
	// always set, so that the other values can be resolved.
	for _, f := range []struct {
		name, env                         string
		option, configured, inEnvironment string
		set                               func(*auth.Config, string)
		get                               func(auth.Credentials) string
	}{
		{"client_id", auth.EnvClientID, "id-o", "id-c", "id-e",
			func(c *auth.Config, v string) { c.ClientID = v }, func(c auth.Credentials) string { return c.ClientID }},
		{"client_secret", auth.EnvClientSecret, "se-o", "se-c", "se-e",
			func(c *auth.Config, v string) { c.ClientSecret = auth.Secret(v) }, func(c auth.Credentials) string { return string(c.ClientSecret) }},
		{"organization_id", auth.EnvOrganizationID, orgA, orgB, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
			func(c *auth.Config, v string) { c.OrganizationID = v }, func(c auth.Credentials) string { return c.OrganizationID }},
		{"workspace_name", auth.EnvWorkspaceName, "Ürsula & co", "w c", "w-e",
			func(c *auth.Config, v string) { c.WorkspaceName = v }, func(c auth.Credentials) string { return c.WorkspaceName }},
	} {
		fallback, fallbackSource := "", ""
		if f.name == "workspace_name" {
			fallback, fallbackSource = auth.DefaultWorkspace, auth.SourceDefault
		}
		// Configure requires an ID and a secret, so they are never missing
		// here.
		required := f.name == "client_id" || f.name == "client_secret"
		for _, tt := range []struct {
			name, option, configured, environment string
			want, source                          string
			skip                                  bool
		}{
			{"all", f.option, f.configured, f.inEnvironment, f.option, auth.SourceOption, false},
			{"option", f.option, "", "", f.option, auth.SourceOption, required},
			{"configure", "", f.configured, "", f.configured, auth.SourceConfigure, false},
			{"configure before environment", "", f.configured, f.inEnvironment, f.configured, auth.SourceConfigure, false},
			{"environment", "", "", f.inEnvironment, f.inEnvironment, auth.SourceEnvironment, required},
			{"option before environment", f.option, "", f.inEnvironment, f.option, auth.SourceOption, required},
			{"none", "", "", "", fallback, fallbackSource, required},
			{"white space is trimmed", " " + f.option + "\r\n", "", "", f.option, auth.SourceOption, required},
			{"white space is trimmed in Configure", "", "\t" + f.configured + "\n", "", f.configured, auth.SourceConfigure, false},
			{"white space is trimmed in the environment", "", "", f.inEnvironment + "\n", f.inEnvironment, auth.SourceEnvironment, required},
			{"white space alone is nothing", "  \n", "", f.inEnvironment, f.inEnvironment, auth.SourceEnvironment, required},
			{"empty environment is nothing", "", f.configured, "  ", f.configured, auth.SourceConfigure, false},
		} {
			if tt.skip {
				continue
			}
			t.Run(f.name+"/"+tt.name, func(t *testing.T) {
				conf := auth.Config{ClientID: "id", ClientSecret: "secret"}
				f.set(&conf, tt.configured)
				configure(t, conf)
				t.Setenv(f.env, tt.environment)
				var explicit auth.Config
				f.set(&explicit, tt.option)
				got, err := auth.Resolve(explicit)
				if err != nil {
					t.Fatal(err)
				}
				if f.get(got) != tt.want || got.Source(f.name) != tt.source {
					t.Errorf("%s = %q from %q, want %q from %q", f.name, f.get(got), got.Source(f.name), tt.want, tt.source)
				}
			})
		}
	}
}

// TestResolvePair tests the two values that Configure requires, without
// Configure.
func TestResolvePair(t *testing.T) {
	t.Setenv(auth.EnvClientID, "id-e\n")
	t.Setenv(auth.EnvClientSecret, "\tsecret-e\n")
	got, err := auth.Resolve(auth.Config{ClientSecret: "secret-o"})
	if err != nil {
		t.Fatal(err)
	}
	if got.ClientID != "id-e" || got.Source("client_id") != auth.SourceEnvironment || got.ClientSecret != "secret-o" || got.Source("client_secret") != auth.SourceOption {
		t.Errorf("got %v", got)
	}
	if got.OrganizationID != "" || got.Source("organization_id") != "" || got.WorkspaceName != "default" || got.Source("workspace_name") != "default" {
		t.Errorf("got %v", got)
	}
	if got.Source("no_such_value") != "" {
		t.Error("a source for a value that does not exist")
	}
	got, err = auth.Resolve(auth.Config{ClientID: "id-o"})
	if err != nil || got.ClientID != "id-o" || got.ClientSecret != "secret-e" || got.Source("client_secret") != auth.SourceEnvironment {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestErrNoCredentials(t *testing.T) {
	for _, tt := range []struct {
		name          string
		configured    bool
		id, secret    string // explicit
		envID, envSec string // "-" is not set
		want, lack    []string
	}{
		{
			"nothing", false, "", "", "-", "-",
			[]string{"client_id and client_secret are missing", "options: client_id is not given, client_secret is not given",
				"auth.Configure: not called", "AIRBYTE_CLIENT_ID is not set, AIRBYTE_CLIENT_SECRET is not set",
				"To fix it", "client.WithCredentials", "not those of a connector"}, nil,
		},
		{
			"no secret", false, "the-id", "", "-", "  ",
			[]string{"client_secret is missing", "client_id is given, client_secret is not given", "AIRBYTE_CLIENT_SECRET is empty"},
			[]string{"client_id and", "the-id"},
		},
		{
			"no id", false, "", "hidden", "", "hidden-too",
			[]string{"client_id is missing", "client_secret is given", "AIRBYTE_CLIENT_ID is empty", "AIRBYTE_CLIENT_SECRET is set"},
			[]string{"and client_secret are"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, v := range map[string]string{auth.EnvClientID: tt.envID, auth.EnvClientSecret: tt.envSec} {
				if v != "-" {
					t.Setenv(name, v)
				}
			}
			got, err := auth.Resolve(auth.Config{ClientID: tt.id, ClientSecret: auth.Secret(tt.secret), OrganizationID: orgA})
			if !errors.Is(err, auth.ErrNoCredentials) {
				t.Fatalf("Resolve = %v, %v", got, err)
			}
			if got.OrganizationID != orgA || got.WorkspaceName != auth.DefaultWorkspace || got.ClientID != tt.id {
				t.Errorf("credentials %v with the error", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%s", want, err)
				}
			}
			for _, lack := range append(tt.lack, "hidden", "default:") {
				if strings.Contains(err.Error(), lack) {
					t.Errorf("error has %q:\n%s", lack, err)
				}
			}
		})
	}
}

func TestResolveReportsAllProblemsAtOnce(t *testing.T) {
	t.Setenv(auth.EnvWorkspaceName, "a\tb")
	_, err := auth.Resolve(auth.Config{ClientID: "two\nlines", OrganizationID: "hidden-in-the-wrong-place"})
	if !errors.Is(err, auth.ErrNoCredentials) { // the secret is missing
		t.Errorf("error %v", err)
	}
	for _, want := range []string{
		"client_id (from option) contains a control character",
		"organization_id (from option) is not a UUID",
		"workspace_name (from AIRBYTE_WORKSPACE) contains a control character",
		"client_secret is missing",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%s", want, err)
		}
	}
	if strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "two") {
		t.Errorf("error shows a value:\n%s", err)
	}
}

func TestResolveBadValues(t *testing.T) {
	good := auth.Config{ClientID: "id", ClientSecret: "secret"}
	for _, tt := range []struct {
		name   string
		change func(*auth.Config)
		want   string // "" is fine
	}{
		{"good", func(*auth.Config) {}, ""},
		{"organization", func(c *auth.Config) { c.OrganizationID = orgA }, ""},
		{"organization in capitals", func(c *auth.Config) { c.OrganizationID = strings.ToUpper("aaaaaaaa-2222-3333-4444-555555555555") }, ""},
		{"organization without hyphens", func(c *auth.Config) { c.OrganizationID = strings.ReplaceAll(orgA, "-", "") }, "organization_id"},
		{"organization in braces", func(c *auth.Config) { c.OrganizationID = "{" + orgA + "}" }, "organization_id"},
		{"organization as URN", func(c *auth.Config) { c.OrganizationID = "urn:uuid:" + orgA }, "organization_id"},
		{"organization is a name", func(c *auth.Config) { c.OrganizationID = "acme" }, "organization_id"},
		{"line break in the secret", func(c *auth.Config) { c.ClientSecret = "hid\nden" }, "client_secret"},
		{"NUL in the id", func(c *auth.Config) { c.ClientID = "i\x00d" }, "client_id"},
		{"DEL in the workspace", func(c *auth.Config) { c.WorkspaceName = "w\x7f!" }, "workspace_name"},
		{"C1 control in the workspace", func(c *auth.Config) { c.WorkspaceName = "w\u0090!" }, "workspace_name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			_, err := auth.Resolve(c)
			t.Cleanup(auth.Unconfigure)
			for what, err := range map[string]error{"Resolve": err, "Configure": auth.Configure(c)} {
				if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: %v, want %q", what, err, tt.want)
				}
				if needed := strings.HasPrefix(tt.want, "client_"); errors.Is(err, auth.ErrNoCredentials) != (needed && what == "Resolve") {
					t.Errorf("%s: whether %v matches ErrNoCredentials", what, err)
				}
				if err != nil && strings.Contains(err.Error(), "hid") {
					t.Errorf("%s: the secret is in %v", what, err)
				}
			}
		})
	}
}

func TestConfigure(t *testing.T) {
	t.Cleanup(auth.Unconfigure)
	for _, tt := range []struct {
		c    auth.Config
		want []string
	}{
		{auth.Config{}, []string{"ClientID and ClientSecret must be given"}},
		{auth.Config{ClientID: "id", ClientSecret: " \n"}, []string{"ClientSecret must be given"}},
		{auth.Config{ClientSecret: "hidden", OrganizationID: "x", WorkspaceName: "a\nb"}, []string{"ClientID must be given", "organization_id", "workspace_name"}},
	} {
		err := auth.Configure(tt.c)
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("Configure(%v) = %v", tt.c, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Configure(%v) = %v, lacks %q", tt.c, err, want)
			}
		}
	}
	if _, err := auth.Resolve(auth.Config{}); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("a failed Configure has an effect: %v", err)
	}

	configure(t, auth.Config{ClientID: "one", ClientSecret: "s1", OrganizationID: orgA, WorkspaceName: "w1"})
	before, err := auth.Resolve(auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	configure(t, auth.Config{ClientID: "two", ClientSecret: "s2"})
	after, err := auth.Resolve(auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if before.ClientID != "one" || before.OrganizationID != orgA || before.WorkspaceName != "w1" {
		t.Errorf("before: %v", before)
	}
	if after.ClientID != "two" || after.ClientSecret != "s2" || after.OrganizationID != "" || after.WorkspaceName != "default" {
		t.Errorf("Configure does not replace the previous call: %v", after)
	}
	if err := auth.Configure(auth.Config{ClientID: "three"}); err == nil {
		t.Error("no error without a secret")
	}
	if got, err := auth.Resolve(auth.Config{}); err != nil || got != after {
		t.Errorf("a failed Configure has an effect: %v, %v", got, err)
	}
	auth.Unconfigure()
	if _, err := auth.Resolve(auth.Config{}); !errors.Is(err, auth.ErrNoCredentials) || !strings.Contains(err.Error(), "auth.Configure: not called") {
		t.Errorf("after Unconfigure: %v", err)
	}
}

// TestResolveIncomplete tests what Resolve returns with an error.
func TestResolveIncomplete(t *testing.T) {
	for _, tt := range []struct {
		name             string
		environment      map[string]string
		explicit         auth.Config
		want             string // without the type
		credential, rest int    // the number of problems that match ErrNoCredentials, and of others
	}{
		{"nothing", nil, auth.Config{}, `client_id:"", client_secret:"", organization_id:"", workspace_name:"default" (default)`, 1, 0},
		{
			"an organization and a workspace", map[string]string{auth.EnvOrganizationID: orgB}, auth.Config{WorkspaceName: "w"},
			`client_id:"", client_secret:"", organization_id:"` + orgB + `" (environment), workspace_name:"w" (option)`, 1, 0,
		},
		{
			"a client ID", nil, auth.Config{ClientID: "id"},
			`client_id:"id" (option), client_secret:"", organization_id:"", workspace_name:"default" (default)`, 1, 0,
		},
		{
			"credentials that cannot be used", map[string]string{auth.EnvClientID: "broken\nid", auth.EnvClientSecret: "hidden\nsecret"}, auth.Config{},
			`client_id:"", client_secret:"", organization_id:"", workspace_name:"default" (default)`, 2, 0,
		},
		{
			"values that cannot be used", nil, auth.Config{ClientID: "id", ClientSecret: "hidden", OrganizationID: "acme", WorkspaceName: "a\tb"},
			`client_id:"id" (option), client_secret:[REDACTED] (option), organization_id:"", workspace_name:""`, 0, 2,
		},
		{
			"all of it", map[string]string{auth.EnvClientID: "broken\nid", auth.EnvOrganizationID: "acme"}, auth.Config{WorkspaceName: "w"},
			`client_id:"", client_secret:"", organization_id:"", workspace_name:"w" (option)`, 2, 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, v := range tt.environment {
				t.Setenv(name, v)
			}
			got, err := auth.Resolve(tt.explicit)
			if want := "auth.Credentials{" + tt.want + "}"; got.String() != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			list, ok := err.(interface{ Unwrap() []error })
			if !ok {
				t.Fatalf("the problems are not listed: %v", err)
			}
			credential, rest := 0, 0
			for _, problem := range list.Unwrap() {
				if errors.Is(problem, auth.ErrNoCredentials) {
					credential++
				} else {
					rest++
				}
				if !strings.Contains(err.Error(), problem.Error()) {
					t.Errorf("%v lacks %v", err, problem)
				}
			}
			if credential != tt.credential || rest != tt.rest || errors.Is(err, auth.ErrNoCredentials) != (credential > 0) {
				t.Errorf("%d problems with credentials, %d others: %v", credential, rest, err)
			}
		})
	}
}

func TestCredentialsString(t *testing.T) {
	t.Setenv(auth.EnvClientID, "id-e")
	got, err := auth.Resolve(auth.Config{ClientSecret: "hidden"})
	if err != nil {
		t.Fatal(err)
	}
	want := `auth.Credentials{client_id:"id-e" (environment), client_secret:[REDACTED] (option), organization_id:"", workspace_name:"default" (default)}`
	if got.String() != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := (auth.Config{ClientID: "x"}).String(), `auth.Config{ClientID:"x", ClientSecret:"", OrganizationID:"", WorkspaceName:""}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

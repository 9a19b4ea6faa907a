package client_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

type login struct {
	User  string      `json:"user"`
	Token auth.Secret `json:"token"`
}

type session struct {
	*login
	Next  *session
	Notes []any
}

type withUnsent struct {
	Name string
	Key  auth.Secret `json:"-"`
	key  auth.Secret
}

// revealing decides to show its secret; hiding passes it on.
type revealing struct{ Key auth.Secret }

func (r revealing) MarshalJSON() ([]byte, error) { return json.Marshal(string(r.Key)) }

type hiding struct{ key auth.Secret }

func (h *hiding) MarshalText() ([]byte, error) { return h.key.MarshalText() }

// An auth.Secret would be sent as [REDACTED], so it is refused wherever it is.
func TestSecretsInParamsAreRefused(t *testing.T) {
	const secret = auth.Secret("h8Sh8-Q-in-params")
	pointer := new(auth.Secret)
	*pointer = secret
	inItself := map[string]any{"deep": []any{nil, map[string]any{"token": secret}}}
	inItself["self"] = inItself
	list := []any{1, nil, secret}
	list[1] = list
	ring := &session{Notes: []any{"x"}}
	ring.Next = &session{Next: ring, Notes: []any{secret}}
	deep := any(secret)
	for range 500 {
		deep = []any{deep}
	}
	for name, tt := range map[string]struct {
		v    any
		path string
	}{
		"itself":               {secret, "(v)"},
		"a pointer":            {&pointer, "(v)"},
		"a configuration":      {client.Configuration{"a": 1}, "(v)"},
		"map of any":           {map[string]any{"a": map[string]any{"b": secret}}, "(v.a.b)"},
		"map of secrets":       {map[string]auth.Secret{"a": secret}, "(v.a)"},
		"key of a map":         {map[auth.Secret]int{secret: 1}, "(v[key])"},
		"list of any":          {[]any{"a", secret}, "(v[1])"},
		"list of secrets":      {[]auth.Secret{secret}, "(v[0])"},
		"array":                {[2]auth.Secret{"", secret}, "(v[0])"},
		"struct":               {login{"me", secret}, "(v.Token)"},
		"pointer to a struct":  {&login{"me", secret}, "(v.Token)"},
		"map of structs":       {map[int][]*login{7: {nil, {"me", secret}}}, "(v.7[1].Token)"},
		"embedded":             {session{login: &login{"me", secret}}, "(v.login.Token)"},
		"any in a struct":      {struct{ X any }{&login{"me", secret}}, "(v.X.Token)"},
		"in itself":            {inItself, "(v.deep[1].token)"},
		"list in itself":       {list, "(v[2])"},
		"ring":                 {ring, "(v.Next.Notes[0])"},
		"deep":                 {deep, "(v" + strings.Repeat("[0]", 100)},
		"a token":              {&auth.Token{AccessToken: secret}, "(v.AccessToken)"},
		"a config":             {auth.Config{ClientSecret: secret}, "(v.ClientSecret)"},
		"a request":            {client.CreateConnectorRequest{Credentials: map[string]any{"a": string(secret)}}, "(v)"},
		"what encodes hidden":  {[]any{&hiding{secret}}, "(v[0])"},
		"hidden, by address":   {[]hiding{{secret}}, "(v[0])"},
		"in a named map":       {named{"a": {secret}}, "(v.a[0])"},
		"a nullable parameter": {client.Value(secret), "(v)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			c := newClient(t, s)
			conn := connectorOf(c)
			params := client.Params{"v": tt.v}
			config := map[string]any{"x": tt.v}
			check := func(what string, err error) {
				t.Helper()
				wantKinds(t, err, "ErrInvalid")
				wantHidden(t, err, string(secret))
				want := tt.path
				if what == "create" {
					want = strings.Replace(want, "(v", "(Credentials.x", 1)
				}
				wantText(t, err, "contains an auth.Secret", want)
			}
			_, err := conn.Execute(t.Context(), "a", "list", params)
			check("execute", err)
			_, _, err = client.Execute[any](t.Context(), conn, "a", "create", params)
			check("typed", err)
			_, err = conn.Download(t.Context(), "a", params)
			check("download", err)
			for _, err := range client.All[any](t.Context(), conn, "a", "list", params) {
				check("all", err)
			}
			if _, err := json.Marshal(config); err == nil { // else this is what is wrong
				_, err = c.DefaultWorkspace().CreateConnector(t.Context(), client.CreateConnectorRequest{ConnectorType: "x", Credentials: config})
				check("create", err)
			}
			s.wantSent(t, 0)
		})
	}
}

type named map[string][]auth.Secret

func TestSecretsInFiltersAreRefused(t *testing.T) {
	const secret = auth.Secret("h8Sh8-Q-in-a-filter")
	pointer := new(auth.Secret)
	*pointer = secret
	for name, filter := range map[string]client.Filter{
		"eq":        client.Where("key").Eq(secret),
		"a pointer": client.Where("key").Neq(pointer),
		"in":        client.Where("key").In("a", secret),
		"nested":    client.And(client.Where("a").Eq(1), client.Or(client.Not(client.Where("key").Eq(secret)), client.Where("b").Eq(2))),
		"raw":       client.RawFilter(map[string]any{"eq": map[string]any{"key": secret}}),
		"raw in":    client.RawFilter(map[string]any{"in": map[string]any{"key": []auth.Secret{secret}}}),
		"raw inner": client.And(client.Where("a").Eq(1), client.RawFilter(map[string]any{"eq": map[string]auth.Secret{"key": secret}})),
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			n := 0
			for _, err := range client.Search[any](t.Context(), connectorOf(newClient(t, s)), "a", client.Query{Filter: filter}) {
				n++
				wantKinds(t, err, "ErrInvalid")
				wantHidden(t, err, string(secret))
				wantText(t, err, "auth.Secret", "key")
			}
			if n != 1 {
				t.Errorf("%d errors", n)
			}
			s.wantSent(t, 0)
		})
	}
}

// What is not sent, what reveals itself, and what only looks like a secret is no
// mistake.
func TestParamsWithoutSecrets(t *testing.T) {
	for name, v := range map[string]any{
		"text":         "[REDACTED]",
		"raw":          json.RawMessage(`"[REDACTED]"`),
		"nil":          (*login)(nil),
		"nil list":     []auth.Secret(nil),
		"empty":        map[string]auth.Secret{},
		"not sent":     withUnsent{"a", "b", "c"},
		"revealing":    []any{revealing{"s"}},
		"encoding":     []any{time.Unix(0, 0), big.NewInt(7), json.Number("7"), map[time.Month]float64{3: 1.5}},
		"numbers":      make([]float64, 1000),
		"nullable":     client.Value("x"),
		"a func's nil": struct{ F *int }{},
	} {
		s := serve(t, ok("[]"))
		if _, err := connectorOf(newClient(t, s)).Execute(t.Context(), "a", "list", client.Params{"v": v}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.wantSent(t, 1)
	}
}

// A value that many paths lead to is looked at once.
func TestSecretBesideManyPaths(t *testing.T) {
	wide := any(map[string]any{"x": 1})
	for range 20 {
		wide = map[string]any{"a": wide, "b": wide}
		wide = []any{wide, wide}
		wide = &session{Notes: []any{wide, wide}}
	}
	s := serve(t)
	config := map[string]any{"v": []any{wide, auth.Secret("x")}}
	c := newClient(t, s)
	_, err := connectorOf(c).Execute(t.Context(), "a", "list", config)
	wantText(t, err, "(v[1])")
	_, err = c.DefaultWorkspace().CreateConnector(t.Context(), client.CreateConnectorRequest{ConnectorType: "x", Credentials: config})
	wantText(t, err, "(Credentials.v[1])")
	s.wantSent(t, 0)
}

// Values that cannot be encoded are errors, and do not keep the check from ending.
func TestParamsThatCannotBeSent(t *testing.T) {
	ring := map[string]any{}
	ring["a"] = []any{ring}
	loop := &session{}
	loop.Next = loop
	deep := any(1)
	for range 5000 {
		deep = map[string]any{"a": []any{deep}}
	}
	for name, v := range map[string]any{"ring": ring, "loop": loop, "deep": deep, "func": func() {}, "channel": []any{make(chan int)}} {
		s := serve(t)
		_, err := connectorOf(newClient(t, s)).Execute(t.Context(), "a", "list", client.Params{"v": v})
		if !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if len(err.Error()) > 500 {
			t.Errorf("%s: the text has %d bytes", name, len(err.Error()))
		}
		s.wantSent(t, 0)
	}
}

package gen_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/openapi"
)

// codecs are the two versions of encoding/json that programs use.
var codecs = []struct {
	name      string
	marshal   func(any) ([]byte, error)
	unmarshal func([]byte, any) error
}{
	{"v1", json.Marshal, json.Unmarshal},
	{
		"v2",
		func(v any) ([]byte, error) { return jsonv2.Marshal(v, jsonv2.Deterministic(true)) },
		func(data []byte, v any) error { return jsonv2.Unmarshal(data, v) },
	},
}

func TestNullableFields(t *testing.T) {
	entities := []gen.RequestedEntity{{Entity: "tickets", Modes: []gen.EntityMode{gen.EntityModeRead}}}
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"nothing", gen.ConnectorUpdateRequest{}, `{}`},
		{"null", gen.ConnectorUpdateRequest{
			Name:              gen.Null[string](),
			Entities:          gen.Null[[]gen.RequestedEntity](),
			ReplicationConfig: gen.Null[map[string]any](),
		}, `{"entities":null,"name":null,"replication_config":null}`},
		{"empty", gen.ConnectorUpdateRequest{
			Name:              gen.Value(""),
			Entities:          gen.Value([]gen.RequestedEntity{}),
			ReplicationConfig: gen.Value(map[string]any{}),
		}, `{"entities":[],"name":"","replication_config":{}}`},
		{"values", gen.ConnectorUpdateRequest{
			Name:              gen.Value("Support"),
			Entities:          gen.Value(entities),
			ReplicationConfig: gen.Value(map[string]any{"subdomain": "example"}),
		}, `{"entities":[{"entity":"tickets","modes":["read"]}],"name":"Support","replication_config":{"subdomain":"example"}}`},
		{"inherit", gen.WorkspaceUpdateRequest{CacheEnabled: gen.Null[bool]()}, `{"cache_enabled":null}`},
		{"off", gen.WorkspaceUpdateRequest{CacheEnabled: gen.Value(false)}, `{"cache_enabled":false}`},
		{"enumeration", gen.WorkspaceUpdateRequest{Status: gen.Value(gen.WorkspaceStatusInactive)}, `{"status":"inactive"}`},
		{"unscheduled", gen.ConnectionTemplateUpdateRequest{CronExpression: gen.Null[string]()}, `{"cron_expression":null}`},
		{"beside a pointer", gen.AutomationUpdateRequest{Enabled: new(bool), CompletionWebhookURL: gen.Null[string]()}, `{"completion_webhook_url":null,"enabled":false}`},
		{"an object", gen.SourceTemplateUpdateRequest{Customization: gen.Value(gen.SourceTemplateCustomization{})}, `{"customization":{}}`},
	}
	for _, codec := range codecs {
		for _, tt := range tests {
			t.Run(codec.name+"/"+tt.name, func(t *testing.T) {
				data, err := codec.marshal(tt.in)
				if err != nil {
					t.Fatal(err)
				}
				if string(data) != tt.want {
					t.Errorf("marshalled as %s, want %s", data, tt.want)
				}
				back := reflect.New(reflect.TypeOf(tt.in))
				if err := codec.unmarshal(data, back.Interface()); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(back.Elem().Interface(), tt.in) {
					t.Errorf("read back as %+v, want %+v", back.Elem(), tt.in)
				}
			})
		}
	}
}

func TestNullable(t *testing.T) {
	tests := []struct {
		name       string
		n          gen.Nullable[string]
		value      string
		ok         bool
		null, zero bool
		json       string
	}{
		{"absent", gen.Nullable[string]{}, "", false, false, true, `null`},
		{"null", gen.Null[string](), "", false, true, false, `null`},
		{"empty", gen.Value(""), "", true, false, false, `""`},
		{"value", gen.Value("x"), "x", true, false, false, `"x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if value, ok := tt.n.Get(); value != tt.value || ok != tt.ok {
				t.Errorf("Get() = %q, %t", value, ok)
			}
			if got := tt.n.IsNull(); got != tt.null {
				t.Errorf("IsNull() = %t", got)
			}
			if got := tt.n.IsZero(); got != tt.zero {
				t.Errorf("IsZero() = %t", got)
			}
			for _, codec := range codecs {
				if data, err := codec.marshal(tt.n); err != nil || string(data) != tt.json {
					t.Errorf("%s: marshalled as %s, %v, want %s", codec.name, data, err, tt.json)
				}
			}
		})
	}
}

func TestNullableDecode(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.name, func(t *testing.T) {
			// What an earlier document set must not remain.
			req := gen.ConnectorUpdateRequest{
				Name:              gen.Value("old"),
				ReplicationConfig: gen.Value(map[string]any{"old": true}),
			}
			if err := codec.unmarshal([]byte(`{"name": null, "replication_config": {"new": 1}}`), &req); err != nil {
				t.Fatal(err)
			}
			if !req.Name.IsNull() {
				t.Errorf("name is %+v, want null", req.Name)
			}
			if config, _ := req.ReplicationConfig.Get(); len(config) != 1 || config["new"] != 1.0 {
				t.Errorf("replication_config is %v", config)
			}
			if !req.Entities.IsZero() {
				t.Errorf("entities are %+v, want none", req.Entities)
			}

			n := gen.Value("old")
			if err := codec.unmarshal([]byte(`7`), &n); err == nil {
				t.Error("a number is no string")
			}
			if value, ok := n.Get(); value != "old" || !ok {
				t.Errorf("a failure left %q, %t", value, ok)
			}
		})
	}
}

// TestNullableIsComplete finds fields of changes that can be null but do not
// have the type Nullable, because they are missing from
// openapi/go.overlay.yaml.
func TestNullableIsComplete(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]reflect.Type{
		"ConnectorUpdateRequest":          reflect.TypeFor[gen.ConnectorUpdateRequest](),
		"SourceTemplateUpdateRequest":     reflect.TypeFor[gen.SourceTemplateUpdateRequest](),
		"ConnectionTemplateUpdateRequest": reflect.TypeFor[gen.ConnectionTemplateUpdateRequest](),
		"WorkspaceUpdateRequest":          reflect.TypeFor[gen.WorkspaceUpdateRequest](),
		"WorkflowUpdateRequest":           reflect.TypeFor[gen.WorkflowUpdateRequest](),
		"AutomationUpdateRequest":         reflect.TypeFor[gen.AutomationUpdateRequest](),
	}
	for name, schema := range doc.Components.Schemas {
		if !strings.HasSuffix(name, "UpdateRequest") {
			continue
		}
		typ := changes[name]
		if typ == nil {
			t.Errorf("%s is not in this test", name)
			continue
		}
		for field := range typ.Fields() {
			key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			isNullable := strings.HasPrefix(field.Type.Name(), "Nullable[")
			if want := nullable(schema.Value.Properties[key].Value); isNullable != want {
				t.Errorf("%s.%s is a %s, nullable: %t", name, key, field.Type, want)
			}
			if isNullable && options != "omitzero" {
				t.Errorf("%s.%s is tagged %q", name, key, options)
			}
		}
	}
}

func nullable(schema *openapi3.Schema) bool {
	if schema.Type.Includes("null") {
		return true
	}
	for _, alternative := range schema.AnyOf {
		if alternative.Value.Type.Includes("null") {
			return true
		}
	}
	return false
}

// hiding is text that fmt must show only as the type says.
type hiding string

func (hiding) String() string { return "hidden" }

func TestNullablePrints(t *testing.T) {
	for _, tt := range []struct {
		verb string
		in   any
		want string
	}{
		{"%v", gen.Value(hiding("open")), "hidden"},
		{"%+v", gen.Value(hiding("open")), "hidden"},
		{"%v", struct{ N gen.Nullable[hiding] }{gen.Value(hiding("open"))}, "{hidden}"},
		{"%q", gen.Value("text"), `"text"`},
		{"%04d", gen.Value(7), "0007"},
		{"%v", gen.Null[hiding](), "null"},
		{"%v", gen.Nullable[hiding]{}, ""},
	} {
		if got := fmt.Sprintf(tt.verb, tt.in); got != tt.want {
			t.Errorf("%s of %T is %q, want %q", tt.verb, tt.in, got, tt.want)
		}
	}
}

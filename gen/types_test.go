package gen_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// normal returns JSON with its keys in order and without unnecessary white
// space.
func normal(t *testing.T, data []byte) string {
	t.Helper()
	var v any
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestRoundTrip decodes responses and encodes them again, without loss.
func TestRoundTrip(t *testing.T) {
	const (
		template = `{"id":"t1","name":"Stripe","source_definition_id":"d1","user_config_spec":{"connectionSpecification":
			{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","required":["key"],"properties":{"key":{"type":"string","minLength":3}}},
			"advanced_auth":{"auth_flow_type":"oauth2.0","predicate_key":["a","b"],"oauth_config_specification":{"complete_oauth_output_specification":{"x":[1,2]}}}},
			"partial_default_config":{"n":1.5},"customization":{"stream_mappers":{"users":[
			{"type":"hashing","mapper_configuration":{"target_field":"email","method":"SHA256"}},
			{"type":"row-filtering","mapper_configuration":{"conditions":{"type":"equal","field_name":"a","comparison_value":"b"}}}]},
			"stream_customizations":{"users":{"primary_key_fields":[["id"],["a","b"]]}}},"mode":"MULTI","tags":["a"],"supports_context_store":false`
	)
	tests := []struct {
		name string
		into any
		data string
	}{
		{"token", &gen.Token{}, `{"access_token":"example","token_type":"Bearer","expires_in":900}`},
		{"connector", &gen.Connector{}, `{"id":"c1","name":"Payments","source_template":` + template + `},"replication_config":{},"entities":[{"entity":"charges"}],"created_at":"2026-01-02T03:04:05.678901Z"}`},
		{"connector list", &gen.ConnectorList{}, `{"data":[{"id":"c1","name":"Payments","summarized_source_template":{"id":"t1","name":"Stripe","icon":null,"connector_name":"stripe","actor_definition_id":"d1","runtime_mode":"direct_only"}}]}`},
		{"template, one tooltip", &gen.SourceTemplateDetails{}, template + `,"connector_name":"stripe","auth_tooltip":"Ask an admin"}`},
		{"template, tooltips", &gen.SourceTemplateDetails{}, template + `,"auth_tooltip":{"api_key":"Ask an admin"}}`},
		{"definition", &gen.SourceDefinition{}, `{"id":"d1","definition":{"sourceDefinitionId":"d1","name":"Stripe","iconUrl":"https://example.com/i.svg","supportLevel":"certified","spec":{"connectionSpecification":{"type":"object"}}},"example_questions":{"direct":["a"]}}`},
		{"connection templates", &gen.ConnectionTemplateList{}, `{"data":[{"id":"x1","organization_id":"o1","destination_name":"Storage","data_hosting_type":"airbyte_hosted"},{"id":"x2","organization_id":"o1","destination_name":"Lake","data_hosting_type":"user_hosted","destination_definition_id":"e1","destination_config":{"a":1},"sync_on_create":false}]}`},
		{"workspace", &gen.WorkspaceList{}, `{"data":[{"id":"w1","name":"customer-42","organization_id":"o1","status":"active","cache_enabled":null,"tombstone":false,"visibility":"shared","color":null,"created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05+02:00"}],"next":"/api/v1/workspaces?cursor=x"}`},
		{"check", &gen.ConnectorCheckResult{}, `{"id":"k1","status":"failed","failure_reason":{"timestamp":9007199254740993,"failure_origin":"dbt","retryable":false},"entity_check_results":[{"entity":"charges","status":"skipped","status_code":403}]}`},
		{"inspection", &gen.Inspection{}, `{"connector_id":"c1","name":"Payments","workspace_id":"w1","organization_id":"o1","source_definition_id":"d1","source_config_template_id":"t1","docs_skill_id":"s1","context_store_readiness":{"connector_id":"c1","source_definition_id":"d1","configured_cache_entities":[{"entity":"charges","status":"ready","ready_for_search":true,"supported":true,"entity_count":0,"semantic_search_status":[{"field":"text","status":"READY"}]}]},"warnings":["w"]}`},
		{"skill docs", &gen.SkillDocs{}, `{"metadata":{"id":"s1","kind":"connector_source","title":"Stripe","provenance":"p","version":"v","freshness":{"state":"live","checked_at":"2026-01-02"}},"outline":[{"id":"a","title":"A","available":false}],"content":[{"type":"table","headers":["a"],"rows":[["1"],["2"]]},{"type":"heading","text":"A","level":2}]}`},
		{"error", &gen.APIError{}, `{"message":"Validation failed","errors":[{"field":"body.name","message":"required","error_code":"missing","details":{"n":1}}]}`},
		{"error without anything", &gen.APIError{}, `{}`},
	}
	for _, tt := range tests {
		for _, codec := range codecs {
			t.Run(codec.name+"/"+tt.name, func(t *testing.T) {
				v := reflect.New(reflect.TypeOf(tt.into).Elem()).Interface()
				if err := codec.unmarshal([]byte(tt.data), v); err != nil {
					t.Fatal(err)
				}
				data, err := codec.marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := normal(t, data), normal(t, []byte(tt.data)); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
}

func TestExecuteResultStaysRaw(t *testing.T) {
	const answer = `{"status":"success","result":[{"id": 9007199254740993, "x": 1.10, "a\u0062": null}],
		"connector_metadata":{"has_more": true} ,"execution_metadata":{"connector_instance_id":"source_id:c1","execution_time_ms":12}}`
	for _, codec := range codecs {
		t.Run(codec.name, func(t *testing.T) {
			var got gen.ExecuteResult
			if err := codec.unmarshal([]byte(answer), &got); err != nil {
				t.Fatal(err)
			}
			if want := `[{"id": 9007199254740993, "x": 1.10, "a\u0062": null}]`; string(got.Result) != want {
				t.Errorf("result is %s, want %s", got.Result, want)
			}
			if want := `{"has_more": true}`; string(got.ConnectorMetadata) != want {
				t.Errorf("connector_metadata is %s, want %s", got.ConnectorMetadata, want)
			}
			if got.ExecutionMetadata.ExecutionTimeMs != 12 || got.Warning != nil {
				t.Errorf("got %+v", got)
			}

			// A missing result is not an error.
			got = gen.ExecuteResult{}
			if err := codec.unmarshal([]byte(`{"status":"failed"}`), &got); err != nil || got.Result != nil {
				t.Errorf("result %s, %v", got.Result, err)
			}
		})
	}
}

// TestRequests tests what is sent if a field is not set, empty or false.
func TestRequests(t *testing.T) {
	no := false
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"execute, little", gen.ExecuteRequest{Entity: "issues", Action: "list"}, `{"action":"list","entity":"issues"}`},
		{
			"execute, empty", gen.ExecuteRequest{Action: "describe", Params: map[string]any{}, SelectFields: []string{}, SkipTruncation: &no},
			`{"action":"describe","entity":"","params":{},"select_fields":[],"skip_truncation":false}`,
		},
		{"execute, a precise number", gen.ExecuteRequest{Entity: "a", Action: "get", Params: map[string]any{"id": int64(9007199254740993)}}, `{"action":"get","entity":"a","params":{"id":9007199254740993}}`},
		{"create, little", gen.ConnectorCreateRequest{WorkspaceName: "w"}, `{"workspace_name":"w"}`},
		{
			"create, empty", gen.ConnectorCreateRequest{WorkspaceName: "w", Environment: map[string]any{}, Entities: []gen.RequestedEntity{}},
			`{"entities":[],"environment":{},"workspace_name":"w"}`,
		},
		{"widget token", gen.WidgetTokenRequest{WorkspaceName: "w", AllowedOrigin: "https://app.example.com"}, `{"allowed_origin":"https://app.example.com","workspace_name":"w"}`},
	}
	for _, codec := range codecs {
		for _, tt := range tests {
			t.Run(codec.name+"/"+tt.name, func(t *testing.T) {
				data, err := codec.marshal(tt.in)
				if err != nil {
					t.Fatal(err)
				}
				if got := normal(t, data); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		}
	}
}

func TestUnions(t *testing.T) {
	t.Run("by discriminator", func(t *testing.T) {
		var list gen.ConnectionTemplateList
		err := json.Unmarshal([]byte(`{"data":[{"data_hosting_type":"airbyte_hosted","id":"a"},{"data_hosting_type":"user_hosted","id":"b","destination_config":{"n":1}}]}`), &list)
		if err != nil {
			t.Fatal(err)
		}
		first, err := list.Data[0].ValueByDiscriminator()
		if hosted, ok := first.(gen.AirbyteHostedConnectionTemplate); err != nil || !ok || hosted.ID != "a" {
			t.Errorf("got %#v, %v", first, err)
		}
		second, err := list.Data[1].ValueByDiscriminator()
		if hosted, ok := second.(gen.UserHostedConnectionTemplate); err != nil || !ok || hosted.ID != "b" || hosted.DestinationConfig["n"] != 1.0 {
			t.Errorf("got %#v, %v", second, err)
		}
	})
	t.Run("unknown discriminator", func(t *testing.T) {
		var v gen.ConnectionTemplate
		if err := json.Unmarshal([]byte(`{"data_hosting_type":"moon_hosted"}`), &v); err != nil {
			t.Fatal(err)
		}
		if kind, err := v.Discriminator(); kind != "moon_hosted" || err != nil {
			t.Errorf("got %q, %v", kind, err)
		}
		if got, err := v.ValueByDiscriminator(); err == nil {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("the discriminator is set", func(t *testing.T) {
		var v gen.ConnectionTemplate
		if err := v.FromUserHostedConnectionTemplate(gen.UserHostedConnectionTemplate{ID: "x"}); err != nil {
			t.Fatal(err)
		}
		if kind, err := v.Discriminator(); kind != string(gen.UserHostingType) || err != nil {
			t.Errorf("got %q, %v", kind, err)
		}
	})
	t.Run("mappers", func(t *testing.T) {
		var hashing, renaming gen.StreamMapper
		if err := hashing.FromHashingMapper(gen.HashingMapper{MapperConfiguration: gen.HashingMapperConfig{TargetField: "email", Method: gen.HashingMapperConfigMethodSHA256}}); err != nil {
			t.Fatal(err)
		}
		if err := renaming.FromFieldRenamingMapper(gen.FieldRenamingMapper{MapperConfiguration: gen.FieldRenamingMapperConfig{OriginalFieldName: "a", NewFieldName: "b"}}); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(gen.SourceTemplateCustomization{StreamMappers: map[string][]gen.StreamMapper{"users": {hashing, renaming}}})
		if err != nil {
			t.Fatal(err)
		}
		const want = `{"stream_mappers":{"users":[{"mapper_configuration":{"method":"SHA256","target_field":"email"},"type":"hashing"},{"mapper_configuration":{"new_field_name":"b","original_field_name":"a"},"type":"field-renaming"}]}}`
		if got := normal(t, data); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		value, err := renaming.ValueByDiscriminator()
		if mapper, ok := value.(gen.FieldRenamingMapper); err != nil || !ok || mapper.Type != gen.FieldRenamingMapperTypeFieldRenaming {
			t.Errorf("got %#v, %v", value, err)
		}
	})
	t.Run("without discriminator", func(t *testing.T) {
		var create gen.SourceTemplateCreateRequest
		if err := create.FromSourceTemplateCloneRequest(gen.SourceTemplateCloneRequest{OriginalSourceTemplateID: "t1"}); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(create)
		if want := `{"original_source_template_id":"t1"}`; err != nil || string(data) != want {
			t.Errorf("got %s, %v, want %s", data, err, want)
		}
		var hosted gen.ConnectionTemplateCreateRequest
		if err := hosted.FromAirbyteHostedConnectionTemplateRequest(gen.AirbyteHostedConnectionTemplateRequest{DataHostingType: gen.AirbyteHostingType}); err != nil {
			t.Fatal(err)
		}
		data, err = json.Marshal(hosted)
		if want := `{"data_hosting_type":"airbyte_hosted"}`; err != nil || string(data) != want {
			t.Errorf("got %s, %v, want %s", data, err, want)
		}
	})
	t.Run("tooltip", func(t *testing.T) {
		var details gen.SourceTemplateDetails
		if err := json.Unmarshal([]byte(`{"auth_tooltip":{"api_key":"Ask"}}`), &details); err != nil {
			t.Fatal(err)
		}
		if _, err := details.AuthTooltip.AsAuthTooltipText(); err == nil {
			t.Error("an object is no text")
		}
		hints, err := details.AuthTooltip.AsAuthTooltipByMethod()
		if err != nil || hints["api_key"] != "Ask" {
			t.Errorf("got %v, %v", hints, err)
		}
		details = gen.SourceTemplateDetails{}
		if err := json.Unmarshal([]byte(`{"auth_tooltip":null}`), &details); err != nil || details.AuthTooltip != nil {
			t.Errorf("got %v, %v", details.AuthTooltip, err)
		}
	})
}

// TestLenient decodes what the contract does not promise.
func TestLenient(t *testing.T) {
	var workspace gen.Workspace
	data := `{"id":"not-a-uuid","status":"frozen","visibility":"shared","updated_at":"2026-01-02T03:04:05.123456789Z","added_later":{"a":[1]}}`
	if err := json.Unmarshal([]byte(data), &workspace); err != nil {
		t.Fatal(err)
	}
	if workspace.ID != "not-a-uuid" || workspace.Status.Valid() || workspace.Status != "frozen" || !workspace.Visibility.Valid() {
		t.Errorf("got %+v", workspace)
	}
	if want := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC); !workspace.UpdatedAt.Equal(want) {
		t.Errorf("updated_at is %s", workspace.UpdatedAt)
	}
}

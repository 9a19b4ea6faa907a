package client_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	connectionsPath = "/api/v1/integrations/templates/connections"
	cronPath        = connectionsPath + "/cron/describe"
)

func TestConnectionTemplates(t *testing.T) {
	const userHosted = `{"id":"` + stubID + `","organization_id":"org","destination_name":"Lake","data_hosting_type":"user_hosted","cron_expression":"0 0 * * * ?",
		"destination_definition_id":"` + stubOrg + `","destination_config":{"bucket":"b"},"sync_on_create":false,"non_breaking_changes_preference":"propagate_fully",
		"tags":["lake"],"icon":"<svg/>","created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z"}`
	lake := client.ConnectionTemplate{
		ID: stubID, OrganizationID: "org", Hosting: client.UserHosted, DestinationName: "Lake", CronExpression: "0 0 * * * ?",
		DestinationDefinitionID: stubOrg, DestinationConfig: client.Configuration{"bucket": "b"}, SyncOnCreate: new(false),
		NonBreakingChanges: client.ChangesPropagateFully, Tags: []string{"lake"}, Icon: "<svg/>", CreatedAt: march, UpdatedAt: march,
	}
	create := func(r client.ConnectionTemplateRequest) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.ConnectionTemplates().Create(ctx, r)
		}
	}
	update := func(ch client.ConnectionTemplateChange) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.ConnectionTemplates().Update(ctx, stubID, ch)
		}
	}
	list := func(filter client.ConnectionTemplateFilter) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.ConnectionTemplates().List(ctx, filter)
		}
	}
	get := func(ctx context.Context, c *client.Client) (any, error) {
		return c.ConnectionTemplates().Get(ctx, stubID)
	}
	bucket := client.ConnectionTemplateRequest{DestinationName: "Lake", DestinationDefinitionID: stubOrg, DestinationConfig: map[string]any{"bucket": "b"}}
	full := bucket
	full.Hosting, full.CronExpression, full.SyncOnCreate, full.NonBreakingChanges = client.UserHosted, " 0 0 * * * ?\n", new(false), client.ChangesDisable
	const bucketBody = `"data_hosting_type":"user_hosted","destination_name":"Lake","destination_definition_id":"` + stubOrg + `","destination_config":{"bucket":"b"}`

	for _, x := range []exchange{
		{
			name: "list", call: list(client.ConnectionTemplateFilter{}), method: "GET", path: connectionsPath,
			answer: `{"data":[` + userHosted + `,{"id":"a","data_hosting_type":"airbyte_hosted"},{"id":"b","destination_config":{}},{"id":"c","destination_definition_id":"d"},
				{"id":"e","data_hosting_type":null},{"id":"f","data_hosting_type":"moon_hosted"}]}`,
			got: []client.ConnectionTemplate{
				lake, {ID: "a", Hosting: client.AirbyteHosted}, {ID: "b", Hosting: client.UserHosted, DestinationConfig: client.Configuration{}},
				{ID: "c", Hosting: client.UserHosted, DestinationDefinitionID: "d"}, {ID: "e", Hosting: client.AirbyteHosted}, {ID: "f", Hosting: "moon_hosted"},
			},
		},
		{
			name: "list by tags", call: list(client.ConnectionTemplateFilter{Tags: []string{"a", "b"}, Match: client.TagMatchAll}), method: "GET", path: connectionsPath, query: "tags=a&tags=b&tags_mode=all",
			answer: `{"data":[]}`, got: []client.ConnectionTemplate{},
		},
		{
			name: "list by any tag", call: list(client.ConnectionTemplateFilter{Tags: []string{"a"}}), method: "GET", path: connectionsPath, query: "tags=a&tags_mode=any",
			answer: `{"data":[]}`, got: []client.ConnectionTemplate{},
		},
		{name: "get", call: get, method: "GET", path: connectionsPath + "/" + stubID, answer: userHosted, got: &lake},
		{
			name: "get with nulls", call: get, method: "GET", path: connectionsPath + "/" + stubID,
			answer: `{"id":"a","cron_expression":null,"destination_config":null,"sync_on_create":null,"non_breaking_changes_preference":"later","tags":null,"icon":null,"created_at":null}`,
			got:    &client.ConnectionTemplate{ID: "a", Hosting: client.AirbyteHosted, NonBreakingChanges: "later"},
		},
		{
			name: "create, with a destination of one's own", call: create(bucket), method: "POST", path: connectionsPath, answer: userHosted, got: &lake,
			body: `{` + bucketBody + `}`,
		},
		{
			name: "create with everything", call: create(full), method: "POST", path: connectionsPath, answer: userHosted, got: &lake,
			body: `{` + bucketBody + `,"cron_expression":"0 0 * * * ?","sync_on_create":false,"non_breaking_changes_preference":"disable"}`,
		},
		{
			name: "create, with Airbyte's storage", call: create(client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted}), method: "POST", path: connectionsPath,
			body: `{"data_hosting_type":"airbyte_hosted"}`, answer: `{"id":"a"}`, got: &client.ConnectionTemplate{ID: "a", Hosting: client.AirbyteHosted},
		},
		{
			name: "create, with Airbyte's storage and a schedule", method: "POST", path: connectionsPath,
			call: create(client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted, CronExpression: "x"}),
			body: `{"data_hosting_type":"airbyte_hosted","cron_expression":"x"}`, answer: `{"id":"a"}`, got: &client.ConnectionTemplate{ID: "a", Hosting: client.AirbyteHosted},
		},
		{
			name: "change the schedule", call: update(client.ConnectionTemplateChange{CronExpression: client.Value(" x ")}), method: "PATCH", path: connectionsPath + "/" + stubID,
			body: `{"cron_expression":"x"}`, answer: userHosted, got: &lake,
		},
		{
			name: "take the schedule away", call: update(client.ConnectionTemplateChange{CronExpression: client.Null[string]()}), method: "PATCH", path: connectionsPath + "/" + stubID,
			body: `{"cron_expression":null}`, answer: userHosted, got: &lake,
		},
		{
			name: "change everything else", method: "PATCH", path: connectionsPath + "/" + stubID, answer: userHosted, got: &lake,
			call: update(client.ConnectionTemplateChange{
				DestinationName: " Lake 2", DestinationConfig: map[string]any{"bucket": "b"}, SyncOnCreate: new(false), NonBreakingChanges: client.ChangesPropagateColumns,
			}),
			body: `{"destination_name":"Lake 2","destination_config":{"bucket":"b"},"sync_on_create":false,"non_breaking_changes_preference":"propagate_columns"}`,
		},
		{
			name: "delete", method: "DELETE", path: connectionsPath + "/" + stubID, answer: `{"id":"` + stubID + `"}`,
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return nil, c.ConnectionTemplates().Delete(ctx, stubID)
			},
		},
		{
			name: "describe", method: "POST", path: cronPath, body: `{"cron_expression":"0 0 * * * ?"}`, answer: `{"description":"Every hour","is_valid":true}`, got: "Every hour",
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return c.ConnectionTemplates().DescribeCron(ctx, " 0 0 * * * ?\n")
			},
		},
		{
			name: "describe, without a verdict", method: "POST", path: cronPath, body: `{"cron_expression":"x"}`, answer: `{"description":"Every hour"}`, got: "Every hour",
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return c.ConnectionTemplates().DescribeCron(ctx, "x")
			},
		},
	} {
		t.Run(x.name, x.run)
	}
}

func TestConnectionTemplateMistakes(t *testing.T) {
	create := func(r client.ConnectionTemplateRequest) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.ConnectionTemplates().Create(ctx, r)
			return err
		}
	}
	update := func(id string, ch client.ConnectionTemplateChange) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.ConnectionTemplates().Update(ctx, id, ch)
			return err
		}
	}
	const alone = "takes only a CronExpression"
	for _, m := range []mistake{
		{"tags", func(ctx context.Context, c *client.Client) error {
			_, err := c.ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{Tags: []string{""}, Match: client.TagMatchAll})
			return err
		}, []string{"one of the Tags is empty"}},
		{"get", func(ctx context.Context, c *client.Client) error {
			_, err := c.ConnectionTemplates().Get(ctx, "lake")
			return err
		}, []string{`the connection template's id "lake" is not a UUID`}},
		{"delete", func(ctx context.Context, c *client.Client) error {
			return c.ConnectionTemplates().Delete(ctx, "cron/describe")
		}, []string{"is not a UUID"}},
		{"cron", func(ctx context.Context, c *client.Client) error {
			_, err := c.ConnectionTemplates().DescribeCron(ctx, " ")
			return err
		}, []string{"the cron expression is empty"}},
		{
			"nothing", create(client.ConnectionTemplateRequest{}),
			[]string{"needs DestinationName and DestinationDefinitionID and DestinationConfig; AirbyteHosted does not"},
		},
		{
			"no configuration", create(client.ConnectionTemplateRequest{DestinationName: "n", DestinationDefinitionID: stubID, Hosting: client.UserHosted}),
			[]string{"needs DestinationConfig;"},
		},
		{
			"no id", create(client.ConnectionTemplateRequest{DestinationName: "n", DestinationDefinitionID: "s3", DestinationConfig: map[string]any{}}),
			[]string{"DestinationDefinitionID is not a UUID"},
		},
		{
			"a hidden secret", create(client.ConnectionTemplateRequest{DestinationName: "n", DestinationDefinitionID: stubID, DestinationConfig: map[string]any{"key": auth.Secret("x")}}),
			[]string{"DestinationConfig contains an auth.Secret"},
		},
		{"another hosting", create(client.ConnectionTemplateRequest{Hosting: "moon_hosted"}), []string{`Hosting "moon_hosted" is neither`}},
		{"Airbyte's with a name", create(client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted, DestinationName: "n"}), []string{alone}},
		{"Airbyte's with a definition", create(client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted, DestinationDefinitionID: stubID}), []string{alone}},
		{"Airbyte's with a configuration", create(client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted, DestinationConfig: map[string]any{}}), []string{alone}},
		{"Airbyte's with a first sync", create(client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted, SyncOnCreate: new(true)}), []string{alone}},
		{"Airbyte's with a preference", create(client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted, NonBreakingChanges: client.ChangesIgnore}), []string{alone}},
		{"update of none", update("lake", client.ConnectionTemplateChange{DestinationName: "x"}), []string{"is not a UUID"}},
		{"nothing to change", update(stubID, client.ConnectionTemplateChange{DestinationName: "\n"}), []string{"there is nothing to change"}},
		{"an empty schedule", update(stubID, client.ConnectionTemplateChange{CronExpression: client.Value(" ")}), []string{"use Null to remove the schedule"}},
		{
			"a change to a hidden secret", update(stubID, client.ConnectionTemplateChange{DestinationConfig: map[string]any{"key": auth.Secret("x")}}),
			[]string{"an auth.Secret"},
		},
	} {
		t.Run(m.name, m.run)
	}
}

func TestDescribeCronThatIsNone(t *testing.T) {
	for answer, text := range map[string]string{
		`{"description":"7 fields\nare too many","is_valid":false}`: "client: describe cron expression: 7 fields are too many",
		`{"is_valid":false}`: "does not accept",
	} {
		s := serve(t, says(200, answer, "X-Request-Id", "r-1"))
		words, err := newClient(t, s).ConnectionTemplates().DescribeCron(t.Context(), "x")
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, text)
		if e := asError(t, err); words != "" || e.StatusCode != http.StatusOK || e.Method != "POST" || e.Path != cronPath || e.Attempts != 1 {
			t.Errorf("got %q, %+v", words, e)
		}
	}
}

func TestConnectionTemplatesOfTheFake(t *testing.T) {
	ctx := t.Context()
	c, _ := fakeClient(t)
	templates := c.ConnectionTemplates()
	list, err := templates.List(ctx, client.ConnectionTemplateFilter{})
	if err != nil || len(list) != 2 || list[0].Hosting != client.UserHosted || !*list[0].SyncOnCreate || list[1].Hosting != client.AirbyteHosted || list[1].SyncOnCreate != nil {
		t.Fatalf("got %+v, %v", list, err)
	}
	if list, err = templates.List(ctx, client.ConnectionTemplateFilter{Tags: []string{"lake", "sea"}}); err != nil || len(list) != 1 || list[0].DestinationName != "Lake" {
		t.Errorf("got %+v, %v", list, err)
	}
	postgres, err := c.Definitions().FindDestination(ctx, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	made, err := templates.Create(ctx, client.ConnectionTemplateRequest{
		DestinationName: "Warehouse", DestinationDefinitionID: postgres.ID, CronExpression: "0 0 7 ? * MON",
		DestinationConfig: map[string]any{"host": "db.example.com", "database": "sales", "password": "hidden-1234"},
	})
	if err != nil || made.Hosting != client.UserHosted || made.DestinationDefinitionID != postgres.ID || made.DestinationConfig["password"] == "hidden-1234" {
		t.Fatalf("got %+v, %v", made, err)
	}
	changed, err := templates.Update(ctx, made.ID, client.ConnectionTemplateChange{CronExpression: client.Null[string](), SyncOnCreate: new(false), NonBreakingChanges: client.ChangesDisable})
	if err != nil || changed.CronExpression != "" || *changed.SyncOnCreate || changed.NonBreakingChanges != client.ChangesDisable || changed.DestinationName != "Warehouse" {
		t.Errorf("got %+v, %v", changed, err)
	}
	if got, err := templates.Get(ctx, made.ID); err != nil || got.ID != made.ID || got.CronExpression != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	if hosted, err := templates.Create(ctx, client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted}); err != nil || hosted.Hosting != client.AirbyteHosted {
		t.Errorf("got %+v, %v", hosted, err)
	}
	_, err = templates.Create(ctx, client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted, CronExpression: "hourly"})
	wantKinds(t, err, "ErrInvalid")
	if err := templates.Delete(ctx, made.ID); err != nil {
		t.Error(err)
	}
	_, err = templates.Get(ctx, made.ID)
	wantKinds(t, err, "ErrNotFound")
	if words, err := templates.DescribeCron(ctx, "0 0 * * * ?"); err != nil || words != "Every hour" {
		t.Errorf("got %q, %v", words, err)
	}
	_, err = templates.DescribeCron(ctx, "hourly")
	wantKinds(t, err, "ErrInvalid")
}

package client_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func contextStores(t *testing.T, c *client.Client) (lines []string, err error) {
	t.Helper()
	for item, err := range c.ContextStores(t.Context()) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, strings.Join([]string{item.WorkspaceName, item.Name, string(item.ContextStore)}, "/"))
	}
	return lines, nil
}

func TestContextStores(t *testing.T) {
	fake := agentstest.New()
	credentials := client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)
	c := makeClient(t, fake.Transport(), credentials)
	want, err := contextStores(t, c)
	if err != nil || len(want) != 9 || !slices.Contains(want, "customer-42/Backend/ready") {
		t.Fatalf("got %q, %v", want, err)
	}
	if n := fake.Count("listOrganizationCredentials"); n != 1 || fake.Count("") != 2 {
		t.Errorf("%d requests of %d", n, fake.Count(""))
	}
	other, err := contextStores(t, makeClient(t, fake.Transport(), credentials, client.WithOrganizationID(agentstest.SecondOrganizationID)))
	if err != nil || !slices.Equal(other, []string{"default/Labs marketing/ready"}) {
		t.Errorf("of the other organization: %q, %v", other, err)
	}

	// Where the operation is refused, others tell the same.
	for _, status := range []int{403, 404, 405} {
		fake.Inject(agentstest.Fault{Operation: "listOrganizationCredentials", Status: status})
		if got, err := contextStores(t, c); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d: got %q, %v; want %q", status, got, err, want)
		}
	}
	fake.Reset()
	fake.Inject(agentstest.Fault{Operation: "listOrganizationCredentials", Status: 404})
	for range c.ContextStores(t.Context()) {
		break
	}
	if n := fake.Count("inspectConnector"); n != 1 {
		t.Errorf("%d connectors were inspected for one", n)
	}
	for operation, kind := range map[string]string{"listOrganizationCredentials": "ErrServer", "listWorkspaces": "ErrServer", "listConnectors": "ErrServer", "inspectConnector": "ErrServer"} {
		if operation != "listOrganizationCredentials" {
			fake.Inject(agentstest.Fault{Operation: "listOrganizationCredentials", Status: 404})
		}
		fake.Inject(agentstest.Fault{Operation: operation, Status: 500})
		_, err := contextStores(t, c)
		if wantKinds(t, err, kind); fake.PendingFaults() != 0 {
			t.Error(operation)
		}
	}
	// What is deleted meanwhile is left out.
	for _, operation := range []string{"listConnectors", "inspectConnector"} {
		fake.Inject(agentstest.Fault{Operation: "listOrganizationCredentials", Status: 404})
		fake.Inject(agentstest.Fault{Operation: operation, Status: 404})
		if got, err := contextStores(t, c); err != nil || len(got) == 0 || len(got) >= len(want) {
			t.Errorf("%s: got %q, %v", operation, got, err)
		}
	}
	// The states of connectors that are inspected.
	building := agentstest.New(agentstest.WithSearchDelay(1 << 40))
	building.Inject(agentstest.Fault{Operation: "listOrganizationCredentials", Status: 404})
	got, err := contextStores(t, makeClient(t, building.Transport(), credentials))
	if err != nil || !slices.Contains(got, "customer-42/Backend/building") {
		t.Errorf("got %q, %v", got, err)
	}
}

// Without a configured organization, it is that of the token or the only one.
func TestContextStoresOfWhichOrganization(t *testing.T) {
	one := says(200, `{"organizations":[{"id":"`+stubOrg+`"}]}`)
	two := says(200, `{"organizations":[{"id":"`+stubOrg+`"},{"id":"`+stubID+`"}]}`)
	s := serve(t, one, says(200, `{"data":[]}`))
	if _, err := contextStores(t, newClient(t, s)); err != nil || s.requests()[1].Path != credentialsPath {
		t.Errorf("sent %v, %v", s.requests(), err)
	}
	for _, answer := range []reply{two, says(200, `{"organizations":[]}`)} {
		_, err := contextStores(t, newClient(t, serve(t, answer)))
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "WithOrganizationID selects one")
	}
	_, err := contextStores(t, newClient(t, serve(t, says(403, ""))))
	wantKinds(t, err, "ErrForbidden")
	s = serve(t, says(200, `{"data":[]}`))
	s.token = says(401, "")
	_, err = contextStores(t, newClientOfApp(t, s))
	if wantKinds(t, err, "ErrUnauthorized"); asError(t, err) == nil {
		t.Error(err)
	}
	s = serve(t, says(200, `{"data":[]}`))
	source := client.WithTokenSource(tokenOf(stubOrg))
	if _, err := contextStores(t, makeClient(t, s, source)); err != nil || s.requests()[0].Path != credentialsPath {
		t.Errorf("sent %v, %v", s.requests(), err)
	}
}

func tokenOf(organizationID string) auth.TokenSource {
	return sourceFunc(func(context.Context) (*auth.Token, error) {
		return &auth.Token{AccessToken: stubToken, OrganizationID: organizationID}, nil
	})
}

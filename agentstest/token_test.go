package agentstest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

const tokenPath = "/account/applications/token"

func TestCreateToken(t *testing.T) {
	_, c := start(t, agentstest.WithTokenLifetime(90*time.Second))
	c = c.as("")
	a := c.ok(c.post(tokenPath, object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret}))
	if a.at("expires_in") != 90.0 || a.text("token_type") != "Bearer" || a.text("organization_id") != agentstest.OrganizationID {
		t.Errorf("answer %s", a.raw)
	}
	claims := claimsOf(t, a.text("access_token"))
	if claims["exp"].(float64)-claims["iat"].(float64) < 90 || claims["organization_id"] != agentstest.OrganizationID {
		t.Errorf("claims %v", claims)
	}

	c.denied(c.post(tokenPath, object{"client_id": agentstest.ClientID, "client_secret": "wrong"}), 401, "is wrong")
	c.denied(c.post(tokenPath, object{"client_id": "unknown", "client_secret": agentstest.ClientSecret}), 401, "is wrong")
	c.refused(c.post(tokenPath, object{"client_id": "", "client_secret": "x"}), 422, "string_too_short")
	a = c.refused(c.post(tokenPath, object{}), 422, "missing")
	if len(a.list("errors")) != 2 || a.text("errors", 1, "field") != "body.client_secret" {
		t.Errorf("fields: %s", a.raw)
	}
}

func claimsOf(t *testing.T, token string) object {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims object
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestTokenExpires(t *testing.T) {
	var at atomic.Int64
	at.Store(1_800_000_000)
	s, c := start(t, agentstest.WithTokenLifetime(time.Minute), agentstest.WithClock(func() time.Time { return time.Unix(at.Load(), 0) }))
	c.ok(c.get("/workspaces"))
	at.Add(59)
	c.ok(c.get("/workspaces"))
	at.Add(1)
	c.denied(c.get("/workspaces"), 401, "has expired")
	c.login()
	c.ok(c.get("/workspaces"))
	s.RevokeTokens()
	a := c.denied(c.get("/workspaces"), 401, "has been revoked")
	if a.header.Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
	c.login()
	c.ok(c.get("/workspaces"))
}

func TestTokenExpiresInRealTime(t *testing.T) {
	_, c := start(t, agentstest.WithTokenLifetime(150*time.Millisecond))
	c.ok(c.get("/workspaces"))
	deadline := time.Now().Add(5 * time.Second)
	for c.get("/workspaces").status != http.StatusUnauthorized {
		if time.Now().After(deadline) {
			t.Fatal("the token does not expire")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestBearerIsNeeded(t *testing.T) {
	_, c := start(t)
	for token, text := range map[string]string{"": "is required", "made-up": "is invalid"} {
		c.denied(c.as(token).get("/integrations/connectors"), 401, text)
	}
	none := c.as("")
	none.header.Set("Authorization", "Basic YTpi")
	c.denied(none.get("/workspaces"), 401, "no bearer token")
}

func TestSecretRotation(t *testing.T) {
	s, c := start(t)
	s.SetClientSecret(agentstest.ClientID, "another")
	c.ok(c.get("/workspaces")) // the token stays valid
	c.denied(c.as("").post(tokenPath, object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret}), 401, "is wrong")
	c.ok(c.as("").post(tokenPath, object{"client_id": agentstest.ClientID, "client_secret": "another"}))
	s.SetClientSecret("new-application", "secret")
	c.ok(c.as("").post(tokenPath, object{"client_id": "new-application", "client_secret": "secret"}))
}

func TestOrganizations(t *testing.T) {
	const other = "11111111-0000-4000-8000-000000000001"
	_, c := start(t, agentstest.WithApplication("outsider", "pw", other), agentstest.WithConnectorIn(other, "default", agentstest.Connector{Slug: "slack"}))
	none := c.as("")
	none.header.Set("X-Organization-Id", agentstest.SecondOrganizationID)
	second := c.as(none.ok(none.post(tokenPath, object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret})).text("access_token"))
	none.header.Set("X-Organization-Id", other)
	none.denied(none.post(tokenPath, object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret}), 403, "reach")
	none.header.Set("X-Organization-Id", "no uuid")
	none.refused(none.post(tokenPath, object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret}), 422, "uuid_parsing")

	// Workspaces of the same name have their own connectors.
	if n := len(c.ok(c.get("/integrations/connectors?workspace_name=default")).list("data")); n != 6 {
		t.Errorf("%d connectors in the first organization", n)
	}
	a := second.ok(second.get("/integrations/connectors?workspace_name=default"))
	if len(a.list("data")) != 1 {
		t.Errorf("second organization: %s", a.raw)
	}
	theirs := a.text("data", 0, "id")
	c.denied(c.get("/integrations/connectors/"+theirs), 404, "")
	c.denied(c.execute(theirs, "contacts", "list", nil), 404, "")
	c.denied(c.get("/workspaces/"+second.workspace("default")), 404, "")
	if n := len(second.ok(second.get("/workspaces")).list("data")); n != 1 {
		t.Errorf("%d workspaces in the second organization", n)
	}

	// A token gives access only to the organization it was issued for.
	c.header.Set("X-Organization-Id", agentstest.SecondOrganizationID)
	c.denied(c.get("/workspaces"), 403, "reach")
	c.header.Set("X-Organization-Id", agentstest.OrganizationID)
	if n := len(c.ok(c.get("/internal/account/organizations")).list("organizations")); n != 2 {
		t.Errorf("%d organizations", n)
	}
	c.header = http.Header{}
	outsider := c.as("")
	outsider = c.as(outsider.ok(outsider.post(tokenPath, object{"client_id": "outsider", "client_secret": "pw"})).text("access_token"))
	a = outsider.ok(outsider.get("/internal/account/organizations"))
	if len(a.list("organizations")) != 1 || a.text("organizations", 0, "id") != other || a.text("organizations", 0, "first_workspace_id") == "" {
		t.Errorf("organizations of the outsider: %s", a.raw)
	}
}

func TestScopedToken(t *testing.T) {
	_, c := start(t)
	a := c.ok(c.post("/account/applications/scoped-token", object{"workspace_name": "brand-new"}))
	scoped := c.as(a.text("token"))
	claims := claimsOf(t, scoped.token)
	if life := claims["exp"].(float64) - claims["iat"].(float64); life < 1200 || life > 1201 {
		t.Errorf("lifetime %v", life)
	}
	ws := c.workspace("brand-new")
	a = scoped.ok(scoped.get("/account/applications/scoped-token/info"))
	if a.text("workspace_id") != ws || a.text("workspace_name") != "brand-new" || a.text("organization_id") != agentstest.OrganizationID {
		t.Errorf("info %s", a.raw)
	}
	c.denied(c.get("/account/applications/scoped-token/info"), 403, "not a scoped token")

	scoped.ok(scoped.get("/integrations/connectors?workspace_name=brand-new"))
	scoped.denied(scoped.get("/integrations/connectors?workspace_name=default"), 403, "reach")
	scoped.denied(scoped.get("/integrations/connectors?workspace_name=nowhere"), 403, "reach")
	scoped.denied(scoped.get("/integrations/connectors?workspace_id="+c.workspace("default")), 404, "")
	github := c.connector("default", "github")
	scoped.denied(scoped.get("/integrations/connectors/"+github), 404, "")
	scoped.denied(scoped.execute(github, "issues", "list", nil), 404, "")
	if n := len(scoped.ok(scoped.get("/integrations/connectors")).list("data")); n != 0 {
		t.Errorf("%d connectors", n)
	}
	if n := len(scoped.ok(scoped.get("/workspaces")).list("data")); n != 1 {
		t.Errorf("%d workspaces", n)
	}
	for _, path := range []string{"/account/applications/scoped-token", "/account/applications/widget-token"} {
		scoped.denied(scoped.post(path, object{"workspace_name": "x", "allowed_origin": "https://a.example.com"}), 403, "needs an application token")
	}
	scoped.denied(scoped.delete("/workspaces/"+ws), 403, "needs an application token")
	scoped.denied(scoped.get("/workspaces/stats"), 403, "needs an application token")

	// The token works in its workspace.
	a = scoped.ok(scoped.post("/integrations/connectors", object{"workspace_name": "brand-new", "connector_type": "github", "credentials": object{"token": "t"}}))
	scoped.ok(scoped.execute(a.text("id"), "issues", "list", nil))

	// A name stands for the same workspace until that is deleted.
	c.ok(c.post("/account/applications/scoped-token", object{"workspace_name": "brand-new"}))
	if again := c.workspace("brand-new"); again != ws {
		t.Errorf("another workspace %s", again)
	}
	c.ok(c.delete("/workspaces/" + ws))
	c.ok(c.post("/account/applications/scoped-token", object{"workspace_name": "brand-new"}))
	if again := c.workspace("brand-new"); again == ws {
		t.Error("the deleted workspace came back")
	}
	c.refused(c.post("/account/applications/scoped-token", object{"workspace_name": "x", "region_id": "nowhere"}), 422, "unknown_region")
	c.refused(c.post("/account/applications/scoped-token", object{"workspace_name": " "}), 422, "string_too_short")
}

func TestWidgetToken(t *testing.T) {
	s, c := start(t)
	const path = "/account/applications/widget-token"
	a := c.ok(c.post(path, object{"workspace_name": "embedded", "allowed_origin": "https://app.example.com"}))
	raw, err := base64.StdEncoding.DecodeString(a.text("token"))
	if err != nil {
		t.Fatal(err)
	}
	var both struct{ Token, WidgetURL string }
	if err := json.Unmarshal(raw, &both); err != nil || !strings.HasPrefix(both.WidgetURL, s.URL) {
		t.Fatalf("%s: %v", raw, err)
	}
	widget := c.as(both.Token)
	widget.ok(widget.get("/integrations/connectors?workspace_name=embedded"))
	c.refused(c.post(path, object{"workspace_name": "embedded"}), 422, "missing")
	c.refused(c.post(path, object{"workspace_name": "embedded", "allowed_origin": "app"}), 422, "url_parsing")
}

// The URL of a widget has the ID of the workspace.
func TestWidgetURL(t *testing.T) {
	c := memoryCaller(t, agentstest.New())
	token := c.ok(c.post("/account/applications/widget-token", object{"workspace_name": "default", "allowed_origin": "https://app.example.com"})).text("token")
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	var widget struct{ WidgetURL, Token string }
	if err := json.Unmarshal(raw, &widget); err != nil || widget.Token == "" {
		t.Fatalf("%s, %v", raw, err)
	}
	at, err := url.Parse(widget.WidgetURL)
	if err != nil || at.Query().Get("workspaceId") != c.workspace("default") {
		t.Errorf("got %s, %v", widget.WidgetURL, err)
	}
}

// An application that is no workspace admin gets no scoped tokens and deletes no
// workspace.
func TestMembers(t *testing.T) {
	s := agentstest.New(agentstest.WithMember("member", "m", agentstest.OrganizationID), agentstest.WithMember("both", "b", agentstest.OrganizationID, agentstest.SecondOrganizationID))
	c := memoryCaller(t, s)
	c.denied(c.do(http.MethodPost, "/account/applications/token", object{"client_id": "both", "client_secret": "b"}), 400, "specify the organization")
	c.token = c.ok(c.post("/account/applications/token", object{"client_id": "member", "client_secret": "m"})).text("access_token")
	c.ok(c.get("/workspaces"))
	c.denied(c.post("/account/applications/scoped-token", object{"workspace_name": "default"}), 403, "admin")
	c.denied(c.post("/account/applications/widget-token", object{"workspace_name": "default", "allowed_origin": "https://app.example.com"}), 403, "admin")
	c.denied(c.delete("/workspaces/"+c.workspace("customer-42")), 403, "admin")
}

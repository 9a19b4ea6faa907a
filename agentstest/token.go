package agentstest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// An application is a pair of credentials and the organizations it reaches.
type application struct {
	id, secret    string
	organizations []string // the first is the default
	member        bool     // is no admin
}

// A grant is what a token allows.
type grant struct {
	jti           string
	application   string
	organization  string
	organizations []string
	workspaceID   string // "" for an application token
	member        bool   // is no admin
	expires       time.Time
	revoked       bool
}

func (g *grant) scoped() bool { return g.workspaceID != "" }

// suits returns why a token is of the wrong kind for an operation, nil if it is not.
func (g *grant) suits(kind string) error {
	switch {
	case kind == scopedToken && !g.scoped():
		return forbidden("The token is not a scoped token")
	case (kind == applicationToken || kind == adminToken) && g.scoped():
		return forbidden("This operation needs an application token, and the token is scoped to one workspace")
	case kind == adminToken && g.member:
		return forbidden("You must be an admin of the workspace to do this")
	}
	return nil
}

// A tokenStore holds the tokens that were issued.
type tokenStore struct {
	mu     sync.RWMutex
	grants map[string]*grant
	issued int64
	sweep  int // the number of grants at which issue removes expired ones
}

func (t *tokenStore) init() { t.grants, t.sweep = map[string]*grant{}, 1024 }

// issue returns a new token for a grant.
func (t *tokenStore) issue(g *grant, now time.Time, lifetime time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.issued++
	g.jti = "token-" + strconv.FormatInt(t.issued, 10)
	g.expires = now.Add(lifetime)
	if len(t.grants) >= t.sweep {
		for token, old := range t.grants {
			if now.After(old.expires) {
				delete(t.grants, token)
			}
		}
		t.sweep = max(1024, 2*len(t.grants))
	}
	token := jwt(g, now)
	t.grants[token] = g
	return token
}

func (t *tokenStore) find(token string) *grant {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.grants[token]
}

func (t *tokenStore) revoke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for token, g := range t.grants {
		gone := *g
		gone.revoked = true
		t.grants[token] = &gone // a copy, since requests read g without the lock
	}
}

// jti returns the jti claim of the token in an Authorization header, "" if the
// token is unknown.
func (t *tokenStore) jti(authorization string) string {
	if g := t.find(bearer(authorization)); g != nil {
		return g.jti
	}
	return ""
}

// bearer returns the token in an Authorization header, "" if there is none.
func bearer(authorization string) string {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// jwt returns a token in the form of the service's. The key of its signature is
// public: the signature proves nothing, and the store of grants decides.
func jwt(g *grant, now time.Time) string {
	claims := map[string]any{
		"iss":             "https://agentstest.invalid",
		"sub":             g.application,
		"jti":             g.jti,
		"iat":             now.Unix(),
		"exp":             ceilSeconds(g.expires),
		"organization_id": g.organization,
	}
	if g.scoped() {
		claims["workspace_id"] = g.workspaceID
	}
	payload, _ := json.Marshal(claims) // strings and integers
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(payload)
	mac := hmac.New(sha256.New, []byte("agentstest"))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// ceilSeconds returns t in Unix seconds, rounded up.
func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// RevokeTokens revokes all tokens issued so far. The response to a request with
// one of them is a 401.
func (s *Service) RevokeTokens() { s.tokens.revoke() }

// SetClientSecret changes the secret of an application, as a rotation does. It
// creates an application that does not exist, for the organization
// OrganizationID. Tokens issued before stay valid; see [Service.RevokeTokens].
//
// Clients of this SDK remember for about three seconds that a secret was
// refused, and fail meanwhile without a request. A test in which a client has
// been refused must let that time pass before the client can succeed; in a
// [testing/synctest] bubble, that is immediate.
func (s *Service) SetClientSecret(clientID, secret string) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	changed := application{id: clientID, organizations: []string{OrganizationID}}
	if a := s.world.applications[clientID]; a != nil {
		changed = *a
	}
	changed.secret = secret
	s.world.applications[clientID] = &changed
}

// authorize returns what the token of a request allows.
func (s *Service) authorize(h http.Header) (*grant, *apiError) {
	authorization := h.Get("Authorization")
	token := bearer(authorization)
	switch g := s.tokens.find(token); {
	case authorization == "":
		return nil, problem(http.StatusUnauthorized, "A bearer token is required")
	case token == "":
		return nil, problem(http.StatusUnauthorized, "The Authorization header has no bearer token")
	case g == nil:
		return nil, problem(http.StatusUnauthorized, "The token is invalid")
	case g.revoked:
		return nil, problem(http.StatusUnauthorized, "The token has been revoked")
	case !s.now().Before(g.expires):
		return nil, problem(http.StatusUnauthorized, "The token has expired")
	default:
		return g, nil
	}
}

// CreateToken implements createToken.
func (a *api) CreateToken(ctx context.Context, req server.CreateTokenRequestObject) (server.CreateTokenResponseObject, error) {
	var items []errorItem
	if req.Body.ClientID == "" {
		items = append(items, fieldProblem("body.client_id", "string_too_short", "Input should not be empty"))
	}
	if req.Body.ClientSecret == "" {
		items = append(items, fieldProblem("body.client_secret", "string_too_short", "Input should not be empty"))
	}
	if items != nil {
		return nil, invalid(items...)
	}
	app := a.s.world.applications[req.Body.ClientID]
	if app == nil || subtle.ConstantTimeCompare([]byte(app.secret), []byte(req.Body.ClientSecret)) != 1 {
		return nil, problem(http.StatusUnauthorized, "The client id or the client secret is wrong")
	}
	organization := app.organizations[0]
	if app.member && len(app.organizations) > 1 && callOf(ctx).header == "" {
		return nil, problem(http.StatusBadRequest, "You are a member of several organizations; specify the organization in the X-Organization-Id header")
	}
	if want := strings.ToLower(callOf(ctx).header); want != "" {
		if !slices.Contains(app.organizations, want) {
			return nil, forbidden("The application does not reach organization %s", want)
		}
		organization = want
	}
	lifetime := a.s.options.tokenLifetime
	g := &grant{application: app.id, organization: organization, organizations: app.organizations, member: app.member}
	return server.CreateToken200JSONResponse{
		AccessToken:    a.s.tokens.issue(g, a.s.now(), lifetime),
		TokenType:      "Bearer",
		ExpiresIn:      int((lifetime + time.Second - 1) / time.Second),
		OrganizationID: &organization,
	}, nil
}

// tokenFor returns a token for one workspace, and the ID of the workspace. It
// creates the workspace if it does not exist. The caller holds the lock.
func (a *api) tokenFor(ctx context.Context, workspace string) (token, id string, err error) {
	if strings.TrimSpace(workspace) == "" {
		return "", "", invalid(fieldProblem("body.workspace_name", "string_too_short", "Input should not be empty"))
	}
	g, now := callOf(ctx).grant, a.s.now()
	ws := a.s.world.ensureWorkspace(g.organization, workspace, now)
	scoped := &grant{application: g.application, organization: g.organization, organizations: []string{g.organization}, workspaceID: ws.id}
	return a.s.tokens.issue(scoped, now, scopedTokenLifetime), ws.id, nil
}

// CreateScopedToken implements createScopedToken.
func (a *api) CreateScopedToken(ctx context.Context, req server.CreateScopedTokenRequestObject) (server.CreateScopedTokenResponseObject, error) {
	if err := checkRegion(req.Body.RegionID); err != nil {
		return nil, err
	}
	token, _, err := a.tokenFor(ctx, req.Body.WorkspaceName)
	if err != nil {
		return nil, err
	}
	return server.CreateScopedToken200JSONResponse{Token: token}, nil
}

// The regions of the contract.
var regions = []string{"645a183f-b12b-4c6e-8ad3-99e165603450", "b9e48d61-f082-4a14-a8d0-799a907938cb"}

func checkRegion(id *string) error {
	if id != nil && !slices.Contains(regions, strings.ToLower(*id)) {
		return invalid(fieldProblem("body.region_id", "unknown_region", "Unknown region %q", *id))
	}
	return nil
}

// GetScopedTokenInfo implements getScopedTokenInfo.
func (a *api) GetScopedTokenInfo(ctx context.Context, _ server.GetScopedTokenInfoRequestObject) (server.GetScopedTokenInfoResponseObject, error) {
	ws := a.s.world.workspaces[callOf(ctx).grant.workspaceID]
	return server.GetScopedTokenInfo200JSONResponse{OrganizationID: ws.organization, WorkspaceID: ws.id, WorkspaceName: ws.name}, nil
}

// CreateWidgetToken implements createWidgetToken.
func (a *api) CreateWidgetToken(ctx context.Context, req server.CreateWidgetTokenRequestObject) (server.CreateWidgetTokenResponseObject, error) {
	if err := checkRegion(req.Body.RegionID); err != nil {
		return nil, err
	}
	origin, err := url.Parse(req.Body.AllowedOrigin)
	if err != nil || origin.Scheme == "" || origin.Host == "" || strings.Trim(origin.Path, "/") != "" {
		return nil, invalid(fieldProblem("body.allowed_origin", "url_parsing", "Input should be an origin, such as https://app.example.com"))
	}
	token, workspaceID, err := a.tokenFor(ctx, req.Body.WorkspaceName)
	if err != nil {
		return nil, err
	}
	widget := callOf(ctx).base + "/widget?" + url.Values{
		"workspaceId": {workspaceID}, "origin": {req.Body.AllowedOrigin},
	}.Encode()
	both, err := json.Marshal(map[string]string{"token": token, "widgetUrl": widget})
	if err != nil {
		return nil, err
	}
	return server.CreateWidgetToken200JSONResponse{Token: base64.StdEncoding.EncodeToString(both)}, nil
}

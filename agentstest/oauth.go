package agentstest

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// An oauthKey identifies the OAuth application of an organization for a kind of
// connector.
type oauthKey struct{ organization, kind string }

// SetOAuthCredentials implements setOAuthCredentials.
func (a *api) SetOAuthCredentials(ctx context.Context, req server.SetOAuthCredentialsRequestObject) (server.SetOAuthCredentialsResponseObject, error) {
	g := callOf(ctx).grant
	body := req.Body
	byType := body.ConnectorType != nil && *body.ConnectorType != ""
	byID := body.ConnectorDefinitionID != nil && *body.ConnectorDefinitionID != ""
	if byType == byID {
		return nil, invalid(fieldProblem("body", "one_of", "Give exactly one of connector_type and connector_definition_id"))
	}
	w := &a.s.world
	var k *kind
	if byType {
		if k = w.kindBySlug(*body.ConnectorType); k == nil {
			return nil, invalid(fieldProblem("body.connector_type", "unknown_connector_type", "Unknown connector type %q", *body.ConnectorType))
		}
	} else if k = w.kindByID(*body.ConnectorDefinitionID); k == nil {
		return nil, notFound("source definition", *body.ConnectorDefinitionID)
	}
	var items []errorItem
	for _, name := range []string{"client_id", "client_secret"} {
		if s, ok := body.Configuration[name].(string); !ok || s == "" {
			items = append(items, missing("body.configuration."+name))
		}
	}
	if items != nil {
		return nil, invalid(items...)
	}
	now := a.s.now()
	stored := server.OAuthCredentials{
		ID: w.newID("oauth"), ScopeType: server.OAuthScopeTypeOrganization, ScopeID: new(g.organization),
		ConnectorType: server.ConnectorKindSource, ConnectorDefinitionID: k.id, CreatedAt: now, UpdatedAt: now,
	}
	key := oauthKey{g.organization, k.id}
	if old := w.oauth[key]; old != nil {
		stored.ID, stored.CreatedAt = old.ID, old.CreatedAt
	}
	w.oauth[key] = &stored
	return server.SetOAuthCredentials200JSONResponse(stored), nil
}

// DeleteOAuthCredentials implements deleteOAuthCredentials.
func (a *api) DeleteOAuthCredentials(ctx context.Context, req server.DeleteOAuthCredentialsRequestObject) (server.DeleteOAuthCredentialsResponseObject, error) {
	g := callOf(ctx).grant
	w := &a.s.world
	k := w.kindBySlug(req.ConnectorType)
	if k == nil {
		return nil, problem(http.StatusNotFound, "Unknown connector type %q", req.ConnectorType)
	}
	delete(w.oauth, oauthKey{g.organization, k.id})
	return server.DeleteOAuthCredentials204Response{}, nil
}

// consentPath is the path of the page at which users consent. It is not part of
// the contract: with the real service, it is a page of the vendor.
const consentPath = "/oauth/consent"

// A consent is one that a user was asked for and has not given yet.
type consent struct {
	workspace *workspace
	template  *template
	name      string
	config    map[string]any
	back      *url.URL // where the browser returns
}

// InitiateOAuth implements initiateOAuth.
func (a *api) InitiateOAuth(ctx context.Context, req server.InitiateOAuthRequestObject) (server.InitiateOAuthResponseObject, error) {
	c, body := callOf(ctx), req.Body
	var items []errorItem
	kinds := 0
	for _, s := range []*string{body.ConnectorType, body.DefinitionID, body.SourceTemplateID} {
		if isGiven(s) {
			kinds++
		}
	}
	if kinds != 1 {
		items = append(items, fieldProblem("body", "one_of", "Give exactly one of connector_type, definition_id and source_template_id"))
	}
	back, err := url.Parse(body.RedirectURL)
	if err != nil || back.Host == "" || back.Scheme != "https" && back.Scheme != "http" {
		items = append(items, fieldProblem("body.redirect_url", "url_parsing", "Input should be a valid URL"))
	}
	if items != nil {
		return nil, invalid(items...)
	}
	w := &a.s.world
	ws, err := w.workspaceByName(c.grant, body.WorkspaceName)
	if err != nil {
		return nil, err
	}
	t, err := w.templateToConsent(c.grant, body)
	if err != nil {
		return nil, err
	}
	state := w.newID("consent")
	w.consents[state] = &consent{
		workspace: ws, template: t, name: t.name, config: merged(body.OAuthInputConfiguration, body.ReplicationConfig), back: back,
	}
	if isGiven(body.Name) {
		w.consents[state].name = *body.Name
	}
	return server.InitiateOAuth200JSONResponse{ConsentURL: c.base + consentPath + "?" + url.Values{"state": {state}}.Encode()}, nil
}

// templateToConsent returns the template of the connector to which a user is to
// consent. The caller holds the lock.
func (w *world) templateToConsent(g *grant, body *server.OAuthInitiateRequest) (*template, error) {
	if isGiven(body.SourceTemplateID) {
		return w.visibleTemplate(g, *body.SourceTemplateID)
	}
	var k *kind
	if isGiven(body.DefinitionID) {
		if k = w.kindByID(*body.DefinitionID); k == nil {
			return nil, notFound("source definition", *body.DefinitionID)
		}
	} else if k = w.kindBySlug(*body.ConnectorType); k == nil {
		return nil, problem(http.StatusNotFound, "Unknown connector type %q", *body.ConnectorType)
	}
	own, global := w.templatesOf(g.organization, k)
	if len(own) == 0 && w.oauth[oauthKey{g.organization, k.id}] == nil {
		return nil, problem(http.StatusBadRequest, "The organization has neither an OAuth app nor a source template of its own for %s", k.name)
	}
	return append(own, global...)[0], nil
}

// consentPage serves the page at which a user consents, and sends the browser back.
func (s *Service) consentPage(w http.ResponseWriter, r *http.Request) {
	back, err := s.endConsent(r.URL.Query().Get("state"))
	if err != nil {
		answerError(w, r, err)
		return
	}
	http.Redirect(w, r, back, http.StatusFound)
}

// endConsent lets the user consent, unless the function of WithConsent objects, and
// returns the URL to which the browser goes back.
func (s *Service) endConsent(state string) (string, error) {
	w := &s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.consents[state]
	if asked == nil {
		return "", problem(http.StatusBadRequest, "The state is not that of a consent, or it was used before")
	}
	delete(w.consents, state) // it works once
	answer := url.Values{}
	var refusal error
	if decide := s.options.consent; decide != nil {
		slug, workspace := asked.template.kind.slug, asked.workspace.name
		w.unlocked(func() { refusal = decide(slug, workspace) })
	}
	if refusal != nil {
		answer.Set("error", "access_denied")
		answer.Set("error_description", cmp.Or(refusal.Error(), "The user refused"))
	} else {
		id, err := s.connectConsented(asked)
		if err != nil {
			return "", err
		}
		answer.Set("connector_id", id)
	}
	back := *asked.back
	back.RawQuery = strings.TrimPrefix(back.RawQuery+"&"+answer.Encode(), "&")
	return back.String(), nil
}

// connectConsented creates the connector to which a user consented, and returns its ID.
// The caller holds the lock.
func (s *Service) connectConsented(asked *consent) (string, error) {
	w := &s.world
	if asked.workspace.tombstone {
		return "", notFound("workspace", asked.workspace.id)
	}
	now := s.now()
	c := &connector{
		serial: w.next(), id: w.newID("connector"), name: asked.name, workspace: asked.workspace, template: asked.template,
		config: hideSecrets(asked.config), settings: asked.config, createdAt: now, updated: now, searchFrom: now.Add(s.options.searchDelay),
	}
	if err := c.fill(asked.template.kind, asked.template.kind.entities); err != nil {
		return "", err
	}
	w.place(c)
	return c.id, nil
}

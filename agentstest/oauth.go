package agentstest

import (
	"context"
	"net/http"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// An oauthKey identifies the OAuth application of an organization for a kind of
// connector.
type oauthKey struct{ organization, kind string }

// SetOAuthCredentials implements setOAuthCredentials.
func (a *api) SetOAuthCredentials(ctx context.Context, req server.SetOAuthCredentialsRequestObject) (server.SetOAuthCredentialsResponseObject, error) {
	g, err := applicationOnly(ctx)
	if err != nil {
		return nil, err
	}
	body := req.Body
	byType := body.ConnectorType != nil && *body.ConnectorType != ""
	byID := body.ConnectorDefinitionID != nil && *body.ConnectorDefinitionID != ""
	if byType == byID {
		return nil, invalid(fieldProblem("body", "one_of", "Give exactly one of connector_type and connector_definition_id"))
	}
	w := &a.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
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
		ID: w.newID("oauth"), ScopeType: server.OAuthScopeTypeOrganization, ScopeID: ptr(g.organization),
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
	g, err := applicationOnly(ctx)
	if err != nil {
		return nil, err
	}
	w := &a.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.kindBySlug(req.ConnectorType)
	if k == nil {
		return nil, problem(http.StatusNotFound, "Unknown connector type %q", req.ConnectorType)
	}
	delete(w.oauth, oauthKey{g.organization, k.id})
	return server.DeleteOAuthCredentials204Response{}, nil
}

package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// WithScopedToken makes the client use tokens that give access only to its workspace,
// the one that the configuration names. The application token is used only to get
// them, and to look the workspace up before the first one: if it does not exist, every
// call returns an error that matches [ErrWorkspaceNotFound], since the service would
// create the workspace, and a misspelled name would lead to an empty one.
//
// All clients of the process with the same credentials and workspace share a token, and
// the workspace is not looked up again once it was found. If it is deleted later, the
// next token, after at most 20 minutes, creates it again, without its connectors.
//
// Scoped tokens need the role of workspace admin; without it, the error matches
// [ErrForbidden]. With [WithTokenSource], the client takes the application token from
// there, and shares nothing.
func WithScopedToken() Option {
	return optionFunc(func(c *config) { c.scope = scopedToExisting })
}

// WithScopedTokenCreatingWorkspace is like [WithScopedToken], but does not look the
// workspace up. If it does not exist, the service creates it, in the region that
// [WithRegion] sets. That needs the role of workspace admin, too.
func WithScopedTokenCreatingWorkspace() Option {
	return optionFunc(func(c *config) { c.scope = scopedCreating })
}

// The following is reached only through the options above, so that other programs do
// not link it.

// lookupTimeout limits each attempt to look a workspace up. It is part of a token fetch,
// whose requests have the same limit.
const lookupTimeout = 10 * time.Second

// scopedToExisting returns a source of tokens for the workspace of r alone, which
// looks it up first.
func scopedToExisting(r *resolved, app auth.TokenSource, hc *http.Client) auth.TokenSource {
	own := *r
	own.attemptTimeout = min(cmp.Or(r.attemptTimeout, lookupTimeout), lookupTimeout)
	c := own.client(hc, app)
	return r.scopedSource(app, hc, func(ctx context.Context) error {
		_, err := c.DefaultWorkspace().Info(ctx)
		e, ok := errors.AsType[*Error](err)
		switch {
		case !ok:
			return err
		case e.StatusCode == 0 && errors.Is(e, ErrWorkspaceNotFound):
			e.Message = fmt.Sprintf("no workspace is called %q; to create it, use Workspace.Ensure of a client without WithScopedToken, or WithScopedTokenCreatingWorkspace", c.workspace)
		case errors.Is(e, context.DeadlineExceeded): // that of the token fetch, which the program knows nothing of
			// As timeouts of the network do, the error matches os.ErrDeadlineExceeded.
			e.kind, e.err, e.Retryable = ErrNetwork, fmt.Errorf("the service did not respond in time: %w", os.ErrDeadlineExceeded), true
		}
		return e
	})
}

// scopedCreating returns a source of tokens for the workspace of r alone.
func scopedCreating(r *resolved, app auth.TokenSource, hc *http.Client) auth.TokenSource {
	return r.scopedSource(app, hc, nil)
}

func (r *resolved) scopedSource(app auth.TokenSource, hc *http.Client, confirm func(context.Context) error) auth.TokenSource {
	scope := auth.Scope{WorkspaceName: r.cred.WorkspaceName, RegionID: string(r.region), OrganizationID: r.cred.OrganizationID, Confirm: confirm}
	if r.sharing != nil {
		return r.sharing.scoped(r, scope, hc)
	}
	if r.source != nil {
		return auth.NewCache(auth.NewScoped(app, scope, r.base, hc), auth.WithObserver(r.watching().fetch))
	}
	return auth.SharedScoped(r.cred, scope, r.base, hc, r.watching().fetch)
}

package client

import (
	"net/http"
	"reflect"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// WithTokenStore makes the client share its tokens with other processes, through a
// store that they have in common, such as that of package fleet, a module of its own
// for Valkey and Redis. All processes together then fetch one token: at first, when it
// is due for a refresh, and when the service refuses it. Scoped tokens are shared, too,
// except those of [Workspace.ScopedToken].
//
// Within a process, clients share a token as they do without a store, so a call that
// finds a valid token does not ask the store. Nobody who reads the store can read a
// token; see [auth.InStore]. If the store fails, each process fetches its own token.
//
// The store must be comparable with ==. WithTokenStore excludes [WithTokenSource].
func WithTokenStore(s auth.Store) Option {
	return optionFunc(func(c *config) {
		switch {
		case s == nil:
			c.problem("WithTokenStore: the store is nil")
		case !reflect.ValueOf(s).Comparable():
			c.problem("WithTokenStore: the store cannot be compared with ==; give a pointer to it")
		}
		c.sharing = &sharing{
			check: func(c *config) {
				if c.source != nil {
					c.problem("WithTokenStore and WithTokenSource exclude each other: tokens of another source are not shared")
				}
			},
			tokens: func(r *resolved, hc *http.Client) auth.TokenSource {
				return auth.SharedInStore(s, r.cred, r.base, hc, r.watching().fetch)
			},
			scoped: func(r *resolved, scope auth.Scope, hc *http.Client) auth.TokenSource {
				return auth.SharedScopedInStore(s, r.cred, scope, r.base, hc, r.watching().fetch)
			},
			keep: func(r *resolved, src auth.TokenSource, workspace string) auth.TokenSource {
				return auth.InStore(s, src, r.cred, r.base, workspace)
			},
		}
	})
}

// sharing is what a client with a store does in another way. The functions are reached
// only through the option above, so that other programs do not link them.
type sharing struct {
	check  func(*config)
	tokens func(*resolved, *http.Client) auth.TokenSource
	scoped func(*resolved, auth.Scope, *http.Client) auth.TokenSource
	keep   func(r *resolved, src auth.TokenSource, workspace string) auth.TokenSource
}

package auth

import (
	"container/list"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"sync"
)

// maxShared is the number of caches that the process keeps. If there are more,
// the least recently requested one is dropped; clients that have it keep using
// it.
const maxShared = 1024

// Shared returns a TokenSource for cred with a [Cache] that the whole process
// shares. Sources with the same base URL, client ID, client secret,
// organization and HTTP transport use the same token, so another client with
// the same credentials needs no token request. The source that needs a token
// fetches it with its own hc and then calls its own observe, which may be nil;
// see [WithObserver].
//
// A source whose transport cannot be compared with == has a Cache of its own.
// The process shares the 1024 caches that were last requested; sources keep
// theirs.
//
// If hc is nil, [http.DefaultClient] is used. Shared does not change hc.
func Shared(cred Credentials, base *url.URL, hc *http.Client, observe func(FetchReport)) TokenSource {
	if hc == nil {
		hc = http.DefaultClient
	}
	return &shared{caches.get(keyOf(cred, base, hc)), NewClientCredentials(cred, base, hc), observe}
}

// SharedScoped returns a TokenSource for tokens like those of [NewScoped], with
// a [Cache] that the whole process shares, as [Shared] does for application
// tokens, from which it gets the token that authorizes its requests. Sources
// share a token if they would share their application token, their workspaces
// have the same name, and either all or none have a [Scope] with a Confirm
// function, which is called until it has returned nil once in the process.
func SharedScoped(cred Credentials, scope Scope, base *url.URL, hc *http.Client, observe func(FetchReport)) TokenSource {
	if hc == nil {
		hc = http.DefaultClient
	}
	cache := caches.get(keyOf(cred, base, hc).scoped(scope))
	return &shared{cache, newScoped(Shared(cred, base, hc, observe), scope, base, hc, &cache.confirmed), observe}
}

type shared struct {
	cache   *Cache
	src     TokenSource
	observe func(FetchReport)
}

func (s *shared) Token(ctx context.Context) (*Token, error) {
	return s.cache.token(ctx, s.src, s.observe)
}

func (s *shared) Invalidate(tok *Token) { s.cache.Invalidate(tok) }

func (s *shared) String() string               { return s.cache.String() }
func (s *shared) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, s.String()) }
func (s *shared) LogValue() slog.Value         { return slog.StringValue(s.String()) }
func (s *shared) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A key identifies a cache. Different keys must not share a token.
type key struct {
	base, clientID, org string
	scope               string // of scoped tokens: the workspace, and whether it is confirmed
	secret              [sha256.Size]byte
	transport           http.RoundTripper // since a proxy or a private CA is part of the identity of the service
	store               Store             // nil for none
}

// hashKey makes the hashes of secrets useless outside this process.
var hashKey = func() []byte {
	k := make([]byte, sha256.Size)
	_, _ = rand.Read(k) // documented to never fail
	return k
}()

func keyOf(cred Credentials, base *url.URL, hc *http.Client) key {
	k := key{clientID: cred.ClientID, org: cred.OrganizationID, transport: hc.Transport}
	if base != nil { // else every fetch fails
		k.base = base.String()
	}
	if k.transport == nil {
		k.transport = http.DefaultTransport
	}
	h := hmac.New(sha256.New, hashKey)
	_, _ = io.WriteString(h, string(cred.ClientSecret))
	h.Sum(k.secret[:0])
	return k
}

// scoped returns the key for tokens of the given scope.
func (k key) scoped(scope Scope) key {
	k.scope = fmt.Sprintf("%s, confirmed %t", scope.WorkspaceName, scope.Confirm != nil)
	return k
}

// A registry is a bounded set of caches.
type registry struct {
	mu     sync.Mutex
	byKey  map[key]*list.Element
	recent list.List // of *entry, the most recently requested one first
}

type entry struct {
	key   key
	cache *Cache
}

var caches = registry{byKey: map[key]*list.Element{}}

// get returns the cache for k and creates it if needed. If the transport is not
// comparable, the cache is new and not shared, since there is no way to tell
// whether another transport is the same.
func (r *registry) get(k key) *Cache {
	if !reflect.ValueOf(k.transport).Comparable() {
		return NewCache(nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if el, ok := r.byKey[k]; ok {
		r.recent.MoveToFront(el)
		return el.Value.(*entry).cache
	}
	e := &entry{k, NewCache(nil)}
	r.byKey[k] = r.recent.PushFront(e)
	if r.recent.Len() > maxShared {
		oldest := r.recent.Back()
		r.recent.Remove(oldest)
		delete(r.byKey, oldest.Value.(*entry).key)
	}
	return e.cache
}

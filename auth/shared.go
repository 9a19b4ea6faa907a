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

// maxShared is how many caches the process keeps. The one that was not asked
// for the longest goes first; clients that hold it keep using it.
const maxShared = 1024

// Shared is a source for cred whose cache the whole process shares: clients
// with the same base URL, client id, secret, organization and HTTP transport
// use one token, so making a client costs no token request when another one
// has made it. A fetch is made with the hc of the client that needs the token
// and told to its observe, which may be nil.
//
// hc is not changed; nil is http.DefaultClient.
func Shared(cred Credentials, base *url.URL, hc *http.Client, observe func(Fetch)) TokenSource {
	if hc == nil {
		hc = http.DefaultClient
	}
	return &shared{caches.get(keyOf(cred, base, hc)), NewClientCredentials(cred, base, hc), observe}
}

type shared struct {
	cache   *Cache
	src     TokenSource
	observe func(Fetch)
}

func (s *shared) Token(ctx context.Context) (*Token, error) {
	return s.cache.token(ctx, s.src, s.observe)
}

func (s *shared) Invalidate(tok *Token) { s.cache.Invalidate(tok) }

func (s *shared) String() string               { return s.cache.String() }
func (s *shared) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, s.String()) }
func (s *shared) LogValue() slog.Value         { return slog.StringValue(s.String()) }
func (s *shared) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A key tells apart tokens that must not be mixed up.
type key struct {
	base, clientID, org string
	secret              [sha256.Size]byte
	transport           http.RoundTripper // a proxy or a private CA is part of who one talks to
}

// hashKey makes the hashes of secrets useless outside of this process.
var hashKey = func() []byte {
	k := make([]byte, sha256.Size)
	_, _ = rand.Read(k) // never fails, says its documentation
	return k
}()

func keyOf(cred Credentials, base *url.URL, hc *http.Client) key {
	k := key{base: base.String(), clientID: cred.ClientID, org: cred.OrganizationID, transport: hc.Transport}
	if k.transport == nil {
		k.transport = http.DefaultTransport
	}
	h := hmac.New(sha256.New, hashKey)
	_, _ = io.WriteString(h, string(cred.ClientSecret))
	h.Sum(k.secret[:0])
	return k
}

// A registry is a bounded set of caches.
type registry struct {
	mu     sync.Mutex
	byKey  map[key]*list.Element
	recent list.List // of *entry, the one asked for last in front
}

type entry struct {
	key   key
	cache *Cache
}

var caches = registry{byKey: map[key]*list.Element{}}

// get finds the cache of k or makes it. A transport that cannot be compared
// gives a cache of its own: nobody can tell whether another is the same.
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

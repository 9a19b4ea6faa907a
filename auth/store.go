package auth

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	maxStoreWait = 20 * time.Second       // for another process to fetch, so that a fetch of its own still fits
	maxStoring   = 250 * time.Millisecond // for the store to take a token that was fetched
	maxKept      = time.Hour              // how long the store may keep a token
)

// A Store keeps values for processes that share it, such as those of a service
// behind a load balancer, or functions that start anew for each request. It never
// sees what is in a value, which is encrypted. Package fleet, a module of its own,
// has one for Valkey and Redis.
type Store interface {
	// Do returns the value under key, unless that equals stale: an empty stale
	// equals no value. If there is none, one caller of all processes calls fill,
	// and Do returns the value of fill to it and to the others, which wait for it.
	// fill returns the value and how long it may be kept.
	//
	// The ctx of fill descends from that of Do. If fill returns an error, Do
	// returns it to the caller whose fill it was, stores nothing, and lets another
	// caller fill at once. Those who waited for that fill get an error and do not
	// fill. If the process that fills ends, another one replaces it. fill may call
	// Do for another key: a scoped token is fetched with an application token.
	//
	// Do may be called by several goroutines at once, and returns when ctx is done. If
	// it fails for a reason of its own, it should do so soon, since its caller waits: it
	// then does without the store.
	Do(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error)
}

// SharedInStore is like [Shared], but its tokens come through store, as those of
// [InStore] do. Sources with different stores have different caches. A source whose
// store cannot be compared with == has a Cache of its own.
func SharedInStore(store Store, cred Credentials, base *url.URL, hc *http.Client, observe func(FetchReport)) TokenSource {
	if hc == nil {
		hc = http.DefaultClient
	}
	src := InStore(store, NewClientCredentials(cred, base, hc), cred, base, "")
	return &shared{keyOf(cred, base, hc).in(store), user{src, observe}}
}

// SharedScopedInStore is like [SharedScoped], but its tokens come through store, as
// those of SharedInStore do. A process that gets a token from the store does not call
// the Confirm function of the scope.
func SharedScopedInStore(store Store, cred Credentials, scope Scope, base *url.URL, hc *http.Client, observe func(FetchReport)) TokenSource {
	if hc == nil {
		hc = http.DefaultClient
	}
	cache := keyOf(cred, base, hc).scoped(scope).in(store)
	src := newScoped(SharedInStore(store, cred, base, hc, observe), scope, base, hc, &cache.confirmed)
	return &shared{cache, user{InStore(store, src, cred, base, scope.WorkspaceName), observe}}
}

// in returns the cache for k and a store.
func (k key) in(store Store) *Cache {
	if !reflect.ValueOf(store).Comparable() {
		return NewCache(nil)
	}
	k.store = store
	return caches.get(k)
}

// InStore returns a TokenSource that shares the tokens of src with the other
// processes that use store: of all of them, one fetches a token, and the others get it
// from the store. They do the same when the token is due for a refresh, and when the
// service has refused it. Pass the source to [NewCache], which tells it which token is to
// be replaced.
//
// Processes share tokens that have the same base URL, client ID, client secret and
// organization and, for a scoped token, the same workspace, whose name is "" for an
// application token. None of these can be read in the store: a value is encrypted
// with AES-256-GCM, and its key is a hash. The keys for both are derived from the
// client secret. A value is kept until shortly before the token expires, and at most
// for an hour.
//
// If the store fails, or does not respond, the source fetches a token itself, and the
// [FetchReport] of the cache says why. It waits at most 20 seconds for the token of
// another process, and at most 250 milliseconds for the store to take its own.
func InStore(store Store, src TokenSource, cred Credentials, base *url.URL, workspaceName string) TokenSource {
	sealing, err := derive(cred.ClientSecret, "seal")
	if err != nil {
		return src
	}
	naming, err := derive(cred.ClientSecret, "name")
	if err != nil {
		return src
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return src
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return src
	}
	kind := "application"
	if workspaceName != "" {
		kind = "scoped"
	}
	v := &vault{store: store, src: src, aead: aead}
	v.key = nameOf(naming, kind, base.String(), cred.ClientID, cred.OrganizationID, workspaceName)
	return fetcher(v.token)
}

// derive returns a key for one purpose. It fails only where the rules of FIPS 140
// forbid secrets as short as this one.
func derive(secret Secret, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret), nil, "airbyte-agents-go token store 1 "+purpose, 32)
}

// nameOf returns the key of a value in the store. Each part is preceded by its length,
// so that no two lists of parts are the same text.
func nameOf(secret []byte, parts ...string) string {
	h := hmac.New(sha256.New, secret)
	for _, p := range parts {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		_, _ = h.Write([]byte(p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// A vault keeps the tokens of src in a store.
type vault struct {
	store Store
	key   string
	aead  cipher.AEAD
	src   TokenSource
}

// kept is what a Token has to do with a store.
type kept struct {
	value   []byte // what the store has of the token, or of the one before it
	fetched bool   // by this process
}

// token returns the token in the store, or fetches one and stores it.
func (v *vault) token(ctx context.Context) (*Token, error) {
	n, _ := ctx.Value(notesKey{}).(*notes)
	if n == nil { // there is no cache
		n = new(notes)
	}
	var stale []byte
	if n.last != nil && n.last.kept != nil {
		stale = n.last.kept.value
	}
	until := time.Now().Add(maxStoreWait)
	for range 2 {
		f, value, err := v.ask(ctx, stale, until)
		n.storeErr = err
		if f != nil && !f.interrupted(ctx) {
			return f.tok, f.err
		}
		if err != nil {
			break
		}
		if bytes.Equal(value, stale) {
			n.storeErr = errors.New("auth: the store returned no value, or the one that is no longer wanted")
			break
		}
		if tok := v.open(value, time.Now()); tok != nil {
			return tok, nil
		}
		n.storeErr = errors.New("auth: the value in the store cannot be decrypted, or has expired")
		stale = value // someone should replace it
	}
	tok, err := v.src.Token(ctx)
	if err != nil || tok == nil {
		return nil, err
	}
	own := *tok
	own.kept = &kept{stale, true}
	return &own, nil
}

// ask calls Do. If Do called fill, it returns the result of that as well. The error is
// about the store alone.
func (v *vault) ask(ctx context.Context, stale []byte, until time.Time) (*filling, []byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := &filling{vault: v, began: make(chan struct{}), ended: make(chan struct{})}
	type result struct {
		value []byte
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errors.New("auth: the store called runtime.Goexit")}
		defer func() {
			if p := recover(); p != nil {
				r = result{err: fmt.Errorf("auth: the store panicked: %v", p)}
			}
			done <- r
		}()
		r.value, r.err = v.store.Do(ctx, v.key, stale, f.fill)
	}()

	patience := time.NewTimer(time.Until(until))
	defer patience.Stop()
	var r result
	returned := false
	select {
	case r = <-done:
		returned = true
	case <-f.began:
	case <-patience.C:
		r.err = errors.New("auth: the store took too long")
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	if !f.close() { // nobody called fill, and nobody may any more
		return nil, r.value, r.err
	}
	<-f.ended
	if f.interrupted(ctx) {
		return f, nil, errors.New("auth: the store ended the ctx of a fetch")
	}
	if f.err != nil {
		return f, nil, nil // Do returns the same error
	}
	if !returned { // a program that ends soon should leave its token to the others
		storing := time.NewTimer(maxStoring)
		defer storing.Stop()
		select {
		case r = <-done:
		case <-storing.C:
			r.err = errors.New("auth: the store took too long to take a value")
		}
	}
	return f, nil, r.err
}

// A filling is what happens when a store calls fill.
type filling struct {
	vault        *vault
	began, ended chan struct{}

	mu     sync.Mutex
	called bool
	closed bool

	// Set before ended is closed.
	value []byte
	keep  time.Duration
	tok   *Token
	err   error
	cut   bool // the ctx of fill has ended
}

// interrupted reports whether the store ended the fetch, and not ctx.
func (f *filling) interrupted(ctx context.Context) bool {
	return f.err != nil && f.cut && ctx.Err() == nil
}

// close makes fill do nothing from now on, unless it was called before. It reports whether
// it was.
func (f *filling) close() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return f.called
}

// fill fetches a token, once, for the store that calls it.
func (f *filling) fill(ctx context.Context) ([]byte, time.Duration, error) {
	f.mu.Lock()
	first, late := !f.called, f.closed && !f.called
	f.called = f.called || !late
	f.mu.Unlock()
	switch {
	case late:
		return nil, 0, errors.New("auth: the store called fill too late")
	case first:
		close(f.began)
		f.fetch(ctx)
	default:
		<-f.ended
	}
	return f.value, f.keep, f.err
}

func (f *filling) fetch(ctx context.Context) {
	defer close(f.ended)
	f.err = errors.New("auth: the token source called runtime.Goexit")
	defer func() {
		if p := recover(); p != nil {
			f.err = fmt.Errorf("auth: the token source panicked: %v", p)
		}
	}()
	tok, err := f.vault.src.Token(ctx)
	if err == nil {
		err = tok.check(time.Now())
	}
	if f.err, f.cut = err, ctx.Err() != nil; err != nil {
		return
	}
	own := *tok
	f.value, f.keep, f.err = f.vault.seal(&own, time.Now())
	own.kept = &kept{f.value, true}
	f.tok = &own
}

// stored is a token as the store has it, before it is encrypted.
type stored struct {
	Token        string
	Organization string
	Expiry       int64 // in milliseconds since 1970; 0 if the token does not expire
	Life         int64 // in milliseconds, when it was fetched
}

// seal encrypts a token, and returns how long the store may keep it.
func (v *vault) seal(tok *Token, now time.Time) ([]byte, time.Duration, error) {
	s := stored{Token: string(tok.AccessToken), Organization: tok.OrganizationID}
	keep := maxKept
	if !tok.Expiry.IsZero() {
		life := tok.Expiry.Sub(now)
		s.Expiry, s.Life = tok.Expiry.UnixMilli(), life.Milliseconds()
		keep = min(keep, life-margin(life))
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, 0, fmt.Errorf("auth: the token cannot be stored: %w", err)
	}
	return v.aead.Seal(nil, nil, plain, []byte(v.key)), keep, nil
}

// open returns the token in a value, or nil if there is none that can be used at now.
func (v *vault) open(value []byte, now time.Time) *Token {
	if len(value) > maxTokenAnswer {
		return nil
	}
	plain, err := v.aead.Open(nil, nil, value, []byte(v.key))
	if err != nil {
		return nil
	}
	var s stored
	if err := json.Unmarshal(plain, &s); err != nil {
		return nil
	}
	tok := &Token{AccessToken: Secret(s.Token), OrganizationID: s.Organization, kept: &kept{value: value}}
	if s.Expiry != 0 {
		life := time.Duration(s.Life) * time.Millisecond
		// The clock of the process that fetched the token may have been ahead of this one.
		left := min(time.UnixMilli(s.Expiry).Sub(now), life)
		if left <= margin(life) {
			return nil
		}
		tok.Expiry = now.Add(left)
	}
	if tok.check(now) != nil {
		return nil
	}
	return tok
}

// fromStore reports whether another process fetched the token.
func (t *Token) fromStore() bool { return t.kept != nil && !t.kept.fetched }

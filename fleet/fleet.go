// Package fleet lets the processes of a service share tokens and pauses, through Valkey
// or Redis.
//
// A thousand processes that start at once, behind a load balancer or as functions that
// start anew for each request, would request a thousand tokens, and each of them would
// run into the limits of the same vendor. A [Fleet] is both the store of
// [client.WithTokenStore], so that one process fetches a token for all, and the gate of
// [client.WithGate], so that all leave alone what one of them was asked to leave alone:
//
//	v, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{"localhost:6379"}, CacheSizeEachConn: 1 << 20})
//	f := fleet.New(v, fleet.WithLogger(slog.Default()))
//	github, err := client.Connect(ctx, "github", client.WithTokenStore(f), client.WithGate(f))
//
// No call fails because of the server, and none waits for an answer for more than a
// quarter of a second, or half of the time that it has left: if the server is slow or
// gone, a process does for about a second as if it were alone, then asks again. Nobody who reads the server learns a token, or what the keys
// stand for.
//
// The module is apart from the SDK, so that programs which share nothing do not depend
// on github.com/valkey-io/valkey-go.
package fleet

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	patience   = 250 * time.Millisecond // with the server, for one answer
	recess     = time.Second            // how long a server that did not answer is left alone
	warnings   = time.Minute            // between two of them
	cacheFor   = 10 * time.Second       // at most; the server says when a value changes
	maxKept    = time.Hour
	maxValue   = 1 << 20 // a longer one is not ours
	defaultTag = "airbyte-agents"
)

// A Fleet is what processes share. It is an [auth.Store] and a [client.Gate]. All its
// methods may be called by several goroutines at once. It does not have to be closed.
type Fleet struct {
	v      valkey.Client
	prefix string
	log    *slog.Logger

	start time.Time
	out   atomic.Int64 // until when the server is left alone, in nanoseconds since start; 0 if it answers
	quiet atomic.Int64 // until when there is no further warning

	alone client.Gate // for when the server does not answer
	mu    sync.Mutex
	lanes map[string]*lane
	full  int // with so many lanes, some are forgotten
}

var (
	_ auth.Store  = (*Fleet)(nil)
	_ client.Gate = (*Fleet)(nil)
)

// An Option configures a [Fleet].
type Option func(*Fleet)

// WithPrefix sets what the keys on the server begin with, so that several services can
// have one server. The default is "airbyte-agents". A user of the server who may use only
// some keys needs those that match the prefix and ":*".
func WithPrefix(prefix string) Option { return func(f *Fleet) { f.prefix = prefix } }

// WithLogger makes the fleet warn, once a minute at most, that the server does not
// answer. By default, nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(f *Fleet) { f.log = l } }

// New returns a Fleet for the processes that use the same server. v is theirs to create
// and to close: with addresses of a cluster or of sentinels, TLS, a user and so on; see
// [valkey.ClientOption]. If v is nil, or closed, the process is alone. Set
// CacheSizeEachConn to a megabyte: v keeps some 600 bytes for each action of each
// connector that the process ever used, until that is full.
//
// valkey.NewClient connects at once, and fails if it cannot. With ForceSingleClient, it
// returns a client together with the error, which connects as soon as it can; give that
// to New for a program that starts without the server.
func New(v valkey.Client, opts ...Option) *Fleet {
	f := &Fleet{v: v, prefix: defaultTag, start: time.Now(), alone: client.NewGate(), lanes: map[string]*lane{}, full: maxLanes}
	for _, opt := range opts {
		if opt != nil {
			opt(f)
		}
	}
	return f
}

// String describes the fleet by its prefix.
func (f *Fleet) String() string { return fmt.Sprintf("fleet.Fleet{%s}", f.prefix) }

// braces are around what decides on which node of a cluster a key is.
var braces = strings.NewReplacer("{", "", "}", "")

// name returns the name of a key on the server. All names for one key of the caller are
// on one node of a cluster.
func (f *Fleet) name(kind, key, part string) string {
	return f.prefix + ":" + kind + ":{" + braces.Replace(key) + "}" + part
}

var (
	errOut  = errors.New("fleet: the server did not answer a moment ago")
	errSlow = errors.New("fleet: the server did not answer in time")
	errNone = errors.New("fleet: there is no client of a server")
)

// query asks the server, unless that did not answer a moment ago.
func query[T any](ctx context.Context, f *Fleet, ask func(context.Context, valkey.Client) (T, error)) (T, error) {
	var zero T
	if err := f.may(ctx); err != nil {
		return zero, err
	}
	return insist(ctx, f, ask, nil)
}

// may returns an error if the server is not to be asked.
func (f *Fleet) may(ctx context.Context) error {
	switch err := ctx.Err(); {
	case f.v == nil:
		return errNone
	case err != nil:
		return err
	case !f.answers():
		return errOut
	}
	return nil
}

// insist asks the server in any case. It waits for its answer for no longer than
// patience, nor than half of the time that ctx leaves. An answer for which it did not
// wait goes to late, unless that is nil.
func insist[T any](ctx context.Context, f *Fleet, ask func(context.Context, valkey.Client) (T, error), late func(T)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	// The ctx of one caller must not end what others wait for, too. Some of what the
	// client does heeds no ctx, hence the timer.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*patience)
	go func() {
		defer cancel()
		v, err := ask(own, f.v)
		if _, said := valkey.IsValkeyErr(err); err != nil && !said && own.Err() == nil {
			v, err = ask(own, f.v) // that was a connection which had ended, perhaps
		}
		done <- result{v, err}
	}()
	await := func(d time.Duration, parts int, ended <-chan struct{}) (result, bool) {
		part := time.NewTimer(d / time.Duration(parts))
		defer part.Stop()
		for range parts {
			select {
			case r := <-done:
				f.judge(r.err)
				return r, true
			case <-ended:
				return result{err: ctx.Err()}, false
			case <-part.C:
				part.Reset(d / time.Duration(parts))
			}
		}
		return result{err: errSlow}, false
	}
	// On a machine with too much to do, time passes in which nobody looks whether the
	// answer is there: that is not the fault of the server. So patience is made of parts.
	mine, parts := patience, 10
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline)/2 < patience {
		mine, parts = time.Until(deadline)/2, 1
	}
	r, ok := await(mine, parts, ctx.Done())
	if ok {
		return r.v, r.err
	}
	impatient := mine < patience || ctx.Err() != nil
	if !impatient {
		f.judge(errSlow)
	}
	go func() {
		var r result
		ok := false
		if impatient { // which says nothing about the server
			if r, ok = await(patience, 10, nil); !ok {
				f.judge(errSlow)
			}
		}
		if !ok {
			r = <-done
		}
		if r.err == nil && late != nil {
			late(r.v)
		}
	}()
	return r.v, r.err
}

// text returns the string in an answer, or "" if there is none. What another program left
// under the name of a key, such as a list, is none.
func text(r valkey.ValkeyResult) (string, error) {
	s, err := r.ToString()
	if e, ok := valkey.IsValkeyErr(err); valkey.IsValkeyNil(err) || ok && strings.HasPrefix(e.Error(), "WRONGTYPE") {
		return "", nil
	}
	return s, err
}

// answers reports whether the server may be asked. When it was left alone for long
// enough, one caller finds out for all.
func (f *Fleet) answers() bool {
	until := f.out.Load()
	if until == 0 {
		return true
	}
	now := int64(time.Since(f.start))
	return now >= until && f.out.CompareAndSwap(until, now+int64(recess))
}

// judge notes whether the server answered.
func (f *Fleet) judge(err error) {
	if err == nil {
		if f.out.Load() != 0 {
			f.out.Store(0)
		}
		return
	}
	now := int64(time.Since(f.start))
	f.out.Store(now + int64(recess))
	if until := f.quiet.Load(); f.log != nil && now >= until && f.quiet.CompareAndSwap(until, now+int64(warnings)) {
		f.log.Warn("airbyte fleet: the server does not answer, so this process shares nothing", "error", err)
	}
}

package fleet

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"strconv"
	"time"

	"github.com/valkey-io/valkey-go"
)

const (
	lease   = 3 * time.Second // how long a process that ends in the middle of a fill holds up the others
	renewal = time.Second
)

var (
	//go:embed lua/take.lua
	takeText string
	//go:embed lua/renew.lua
	renewText string
	//go:embed lua/put.lua
	putText string
	//go:embed lua/drop.lua
	dropText string
	//go:embed lua/leave.lua
	leaveText string

	take  = valkey.NewLuaScript(takeText)
	renew = valkey.NewLuaScript(renewText)
	put   = valkey.NewLuaScript(putText)
	drop  = valkey.NewLuaScript(dropText)
	leave = valkey.NewLuaScript(leaveText)
)

var errFailed = errors.New("fleet: the process that had the lead failed")

// Do implements [auth.Store]. The process that calls fill has a lease, which it renews
// each second; if it ends, another process has the lead after three seconds.
func (f *Fleet) Do(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
	t := turn{f: f, me: rand.Text(), stale: string(stale)}
	t.value, t.lease = f.name("token", key, ""), f.name("token", key, ":lease")
	holder := ""
	for {
		said, err := t.take(ctx, holder)
		switch {
		case err != nil:
			return nil, err
		case said[0] == "value":
			return []byte(said[1]), nil
		case said[0] == "failed":
			return nil, errFailed
		case said[0] == "lead":
			return t.lead(ctx, fill)
		}
		holder = said[1]
		value, err := t.watch(ctx, holder)
		if value != "" || err != nil {
			return []byte(value), err
		}
	}
}

// A turn is one call of Do.
type turn struct {
	f            *Fleet
	me           string // nobody else has it
	stale        string
	value, lease string // names of keys
}

// failure returns the name of the key that says that a holder of the lease failed.
func (t *turn) failure(holder string) string { return t.lease + ":" + holder }

// take asks for the value or the lead, after waiting for a holder, if any. The answer
// is "value" and the value, "lead", "wait" and the holder of the lease, or "failed".
func (t *turn) take(ctx context.Context, holder string) ([]string, error) {
	if err := t.f.may(ctx); err != nil {
		return nil, err
	}
	return insist(ctx, t.f, func(ctx context.Context, v valkey.Client) ([]string, error) {
		said, err := take.Exec(ctx, v, []string{t.value, t.lease, t.failure(holder)}, []string{t.me, millis(lease), t.stale, strconv.Itoa(maxValue)}).AsStrSlice()
		if err == nil && len(said) < 2 {
			err = errors.New("fleet: the server's answer is not that of the script")
		}
		return said, err
	}, func(said []string) {
		if said[0] == "lead" { // nobody waits for that any more
			t.run(ctx, leave, []string{t.lease}, []string{t.me})
		}
	})
}

// watch waits while another process has the lead. It returns the value if there is one,
// and nothing if the lease has ended.
func (t *turn) watch(ctx context.Context, holder string) (string, error) {
	// With client-side caching, looking costs nothing until something changes.
	for pause := 5 * time.Millisecond; ; pause = min(pause*3/2, 50*time.Millisecond) {
		if err := sleep(ctx, pause); err != nil {
			return "", err
		}
		now, err := query(ctx, t.f, func(ctx context.Context, v valkey.Client) ([2]string, error) {
			var now [2]string
			for i, r := range v.DoMultiCache(ctx,
				valkey.CT(v.B().Get().Key(t.value).Cache(), cacheFor),
				valkey.CT(v.B().Get().Key(t.lease).Cache(), cacheFor),
			) {
				var err error
				if now[i], err = text(r); err != nil {
					return now, err
				}
			}
			return now, nil
		})
		switch {
		case err != nil:
			return "", err
		case now[0] != "" && now[0] != t.stale && len(now[0]) <= maxValue:
			return now[0], nil
		case now[1] != holder:
			return "", nil
		}
	}
}

// lead calls fill, and keeps the lease meanwhile.
func (t *turn) lead(ctx context.Context, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
	ended := make(chan struct{})
	go t.renew(ctx, ended)
	filled := false
	defer func() {
		close(ended)
		if !filled { // also if fill panics
			t.run(ctx, drop, []string{t.lease, t.failure(t.me)}, []string{t.me, millis(10 * time.Second)})
		}
	}()
	value, keep, err := fill(ctx)
	if err != nil {
		return nil, err
	}
	filled = true
	t.run(ctx, put, []string{t.value, t.lease}, []string{t.me, string(value), millis(min(keep, maxKept)), t.stale})
	return value, nil
}

// run runs a script also if ctx has ended, or the server did not answer a moment ago: the
// others wait for it. If that fails, the lease ends by itself.
func (t *turn) run(ctx context.Context, script *valkey.Lua, keys, args []string) {
	_, _ = insist(context.WithoutCancel(ctx), t.f, func(ctx context.Context, v valkey.Client) (int64, error) {
		return script.Exec(ctx, v, keys, args).AsInt64()
	}, nil)
}

// renew extends the lease until ended is closed.
func (t *turn) renew(ctx context.Context, ended <-chan struct{}) {
	tick := time.NewTicker(renewal)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			t.run(ctx, renew, []string{t.lease}, []string{t.me, millis(lease)})
		}
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

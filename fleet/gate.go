package fleet

import (
	"context"
	_ "embed"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	maxPause  = time.Hour
	maxSpread = 5 * time.Second      // how long after the end of a pause the last of those who waited are released
	maxLanes  = 4096                 // keys of which a process counts the requests, unless more are paused
	fresh     = 5 * time.Millisecond // how long it holds that nothing is paused
)

var (
	//go:embed lua/lane.lua
	laneText string
	//go:embed lua/pause.lua
	pauseText string
	//go:embed lua/report.lua
	reportText string
	//go:embed lua/ask.lua
	askText string
	//go:embed lua/back.lua
	backText string

	pauseScript  = valkey.NewLuaScript(laneText + pauseText)
	reportScript = valkey.NewLuaScript(laneText + reportText)
	askScript    = valkey.NewLuaScript(laneText + askText)
	backScript   = valkey.NewLuaScript(laneText + backText)
)

// Pause implements [client.Gate]. All processes know of the pause within milliseconds.
func (f *Fleet) Pause(ctx context.Context, key string, d time.Duration) {
	if d <= 0 {
		return
	}
	d = min(max(d, time.Microsecond), maxPause) // the scripts count in microseconds, and divide by them
	now := time.Now()
	l := f.lane(key)
	l.freeUntil(now)
	f.alone.Pause(ctx, key, d)
	began := now
	said, err := query(ctx, f, func(ctx context.Context, v valkey.Client) ([]int64, error) {
		return pauseScript.Exec(ctx, v, l.keys, []string{micros(d)}).AsIntSlice()
	})
	if err == nil && len(said) == 2 {
		began = now.Add(-time.Duration(said[1]) * time.Microsecond)
	}
	l.refused(began, now.Add(d))
}

// Wait implements [client.Gate]. While nothing is paused, it asks the server once for
// each key and again when that changes, provided that the client of the server has
// caching, and for each request otherwise, but not within five milliseconds. The pace
// after a pause is that of all processes together.
func (f *Fleet) Wait(ctx context.Context, key string) error {
	l := f.lane(key)
	for waited := false; ; waited = true {
		if err := ctx.Err(); err != nil {
			return err
		}
		start := time.Now()
		if l.passes(start) {
			return nil
		}
		number, err := f.number(ctx, l)
		if err != nil {
			return f.waitAlone(ctx, key, l)
		}
		if number == "" {
			if l.freeUntil(start.Add(fresh)); l.passes(start) {
				return nil
			}
			// This process knows of a pause. What is cached may be older.
		}
		until := l.end()
		a, err := f.ask(ctx, l, waited)
		if err != nil || a.number == 0 && l.paused(start) { // the server has not heard of the pause, or has lost it
			return f.waitAlone(ctx, key, l)
		}
		if a.left > 0 && l.learns(a.at.Add(a.left)) { // for when the server is gone
			f.alone.Pause(ctx, key, a.left)
		}
		if a.what != "wait" && a.number != 0 && l.reports(a.number) { // nobody who waited did
			f.report(ctx, l, a)
		}
		switch {
		case a.what == "pass":
			l.let(time.Now())
			return nil
		case a.what == "leave":
			return client.PausedError{RetryAfter: a.wait}
		case a.what == "turn":
			if err := sleep(ctx, a.wait); err != nil {
				go f.giveBack(ctx, l, a)
				return err
			}
			if now, err := f.number(ctx, l); l.end().After(until) || err == nil && now != "" && now != strconv.FormatInt(a.number, 10) {
				continue // there is a new pause
			}
			l.let(time.Now())
			return nil
		}
		if err := f.waitForEnd(ctx, l, a); err != nil {
			return err
		}
	}
}

// waitForEnd waits until a pause ends, and then for a random time. One of those who wait
// reports what the process let through before.
func (f *Fleet) waitForEnd(ctx context.Context, l *lane, a answer) error {
	end := a.at.Add(a.wait)
	if l.reports(a.number) {
		// Until then, more of what was let through before turns out to be refused.
		if err := sleep(ctx, a.wait-min(a.wait/2, time.Second)); err != nil {
			l.reportsNot(a.number) // another one may
			return err
		}
		f.report(ctx, l, a)
	}
	spread := min(a.length, maxSpread)
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, deadline.Sub(end))
	}
	return sleep(ctx, time.Until(end)+rand.N(max(spread, 1)))
}

// report tells the server what the process let through before a pause.
func (f *Fleet) report(ctx context.Context, l *lane, a answer) {
	n := l.accepted(a.at.Add(-a.age), a.length)
	if n == 0 {
		return
	}
	if _, err := query(ctx, f, func(ctx context.Context, v valkey.Client) (int64, error) {
		return reportScript.Exec(ctx, v, l.keys, []string{strconv.FormatInt(a.number, 10), strconv.FormatFloat(n, 'f', 3, 64)}).AsInt64()
	}); err != nil {
		l.reportsNot(a.number)
	}
}

// giveBack leaves the turn of a caller who has gone to the next one who asks.
func (f *Fleet) giveBack(ctx context.Context, l *lane, a answer) {
	_, _ = insist(context.WithoutCancel(ctx), f, func(ctx context.Context, v valkey.Client) (int64, error) {
		return backScript.Exec(ctx, v, l.keys, []string{strconv.FormatInt(a.number, 10), a.turn}).AsInt64()
	}, nil)
}

// waitAlone waits as a process does that shares nothing.
func (f *Fleet) waitAlone(ctx context.Context, key string, l *lane) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.alone.Wait(ctx, key); err != nil {
		return err
	}
	l.let(time.Now())
	return nil
}

// number returns the number of the last pause of a key, or "" if it is forgotten.
func (f *Fleet) number(ctx context.Context, l *lane) (string, error) {
	return query(ctx, f, func(ctx context.Context, v valkey.Client) (string, error) {
		return text(v.DoCache(ctx, v.B().Get().Key(l.keys[0]).Cache(), cacheFor))
	})
}

// An answer of the server to a request; see lua/ask.lua.
type answer struct {
	at                time.Time // about when the server answered
	what              string
	wait, length, age time.Duration
	left              time.Duration // until the pause ends
	number            int64
	turn              string // what to give back
}

func (f *Fleet) ask(ctx context.Context, l *lane, waited bool) (answer, error) {
	room := maxPause * 24
	if deadline, ok := ctx.Deadline(); ok {
		room = time.Until(deadline)
	}
	args := []string{micros(room), "0"}
	if waited {
		args[1] = "1"
	}
	return query(ctx, f, func(ctx context.Context, v valkey.Client) (answer, error) {
		said, err := askScript.Exec(ctx, v, l.keys, args).ToArray()
		if err != nil {
			return answer{}, err
		}
		if len(said) != 7 {
			return answer{}, errors.New("fleet: the server's answer is not that of the script")
		}
		var a answer
		var numbers [5]int64
		for i := range numbers {
			if numbers[i], err = said[i+1].AsInt64(); err != nil {
				return answer{}, err
			}
		}
		a.at = time.Now()
		a.wait, a.number = time.Duration(numbers[0])*time.Microsecond, numbers[1]
		a.length, a.age = time.Duration(numbers[2])*time.Microsecond, time.Duration(numbers[3])*time.Microsecond
		a.left = time.Duration(numbers[4]) * time.Microsecond
		if a.what, err = said[0].ToString(); err == nil {
			a.turn, err = said[6].ToString()
		}
		return a, err
	})
}

func micros(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }

// A lane is what this process knows of a key.
type lane struct {
	keys []string // the names of the mark, of the lane and of the turns given back, on the server

	mu     sync.Mutex
	passed tally
	free   time.Time // until then, what the server said a moment ago holds: there is no pause
	until  time.Time // the end of the longest pause of which this process knows
	report int64     // the number of the last pause for which this process reports
}

// lane returns what the process knows of a key.
func (f *Fleet) lane(key string) *lane {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.lanes[key]
	if l == nil {
		if len(f.lanes) >= f.full {
			f.forget(time.Now())
		}
		l = &lane{keys: []string{f.name("pause", key, ""), f.name("pause", key, ":lane"), f.name("pause", key, ":back")}}
		f.lanes[key] = l
	}
	return l
}

// forget makes room. If most keys are paused, as many more have to come before it looks
// for room again.
func (f *Fleet) forget(now time.Time) {
	defer func() { f.full = max(maxLanes, 2*len(f.lanes)) }()
	for key, l := range f.lanes {
		if !l.paused(now) {
			delete(f.lanes, key)
			if len(f.lanes) < maxLanes/2 {
				return
			}
		}
	}
}

// freeUntil notes that, according to the server, nothing is paused.
func (l *lane) freeUntil(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = t
}

// passes counts a request and lets it through if nothing is paused. It does not ask the
// server again, which takes much longer than the rest, if that was done a moment ago.
func (l *lane) passes(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.free) || now.Before(l.until) {
		return false
	}
	l.passed.add(now, 1)
	return true
}

// let counts a request that is let through.
func (l *lane) let(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed.add(now, 1)
}

// refused takes back the count of a request, which was let through at about the given
// time, and notes until when the process has been asked to wait.
func (l *lane) refused(at, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed.add(at, -1)
	if until.After(l.until) {
		l.until = until
	}
}

// learns notes a pause for which another process asked. It reports false if the process
// knows of it.
func (l *lane) learns(until time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	const late = 50 * time.Millisecond // the answers of the server are
	if !until.After(l.until.Add(late)) {
		return false
	}
	l.until = until
	return true
}

// end returns until when the process has been asked to wait.
func (l *lane) end() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

func (l *lane) paused(now time.Time) bool { return now.Before(l.end()) }

// reports reports whether the caller is the one that reports before a pause ends.
func (l *lane) reports(number int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.report != number
	l.report = number
	return first
}

// reportsNot takes back what reports said.
func (l *lane) reportsNot(number int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.report == number {
		l.report = 0
	}
}

// accepted returns how many requests were let through in as long as length before the
// given time, without those that were refused.
func (l *lane) accepted(at time.Time, length time.Duration) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.passed.between(at.Add(-length), at), 0)
}

// A tally counts events of the last two hours, recent ones more precisely.
type tally struct {
	start  time.Time
	levels [len(widths)][64]int32
	last   [len(widths)]int64 // the number of the latest bucket
}

// widths are how long the buckets of each level are.
var widths = [...]time.Duration{125 * time.Millisecond, 4 * time.Second, 2 * time.Minute}

// age returns how long after the first event a time is, even if the clock is set
// meanwhile.
func (t *tally) age(at time.Time) time.Duration {
	if t.start.IsZero() {
		return 0
	}
	return max(at.Sub(t.start), 0)
}

func (t *tally) add(at time.Time, n int32) {
	if t.start.IsZero() {
		t.start = at
	}
	for i, w := range widths {
		number := int64(t.age(at) / w)
		t.advance(i, number)
		if number > t.last[i]-64 {
			t.levels[i][number%64] += n
		}
	}
}

// advance empties the buckets between the latest one and the one with the given number.
func (t *tally) advance(level int, number int64) {
	for i := max(t.last[level]+1, number-63); i <= number; i++ {
		t.levels[level][i%64] = 0
	}
	t.last[level] = max(t.last[level], number)
}

// between returns how many events there were from one time to another. What was taken
// back at the end counts, too.
func (t *tally) between(from, to time.Time) float64 {
	level := 0
	begin, end := t.age(from), t.age(to)
	for level < len(widths)-1 && t.last[level]-int64(begin/widths[level]) > 62 {
		level++
	}
	w := int64(widths[level])
	first := max(int64(begin), (t.last[level]-63)*w)
	sum := 0.0
	for i := first / w; i <= min(int64(end)/w, t.last[level]); i++ {
		share := 1.0
		if i == first/w { // this bucket began before
			share = 1 - float64(first%w)/float64(w)
		}
		sum += share * float64(t.levels[level][i%64])
	}
	return sum
}

package client

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
)

// maxLanes is the number of keys that a gate knows, unless more are paused.
const maxLanes = 4096

// NewGate returns a [Gate] for the clients of one process.
//
// It lets every request through at once until a key is paused. When the pause ends,
// those that wait are released at random times within as long as the pause was, and
// within 5 seconds at most, unless they are more than the vendor accepted before in as
// long. From then on, requests are let through at the rate at which the vendor accepted
// them, until they come more slowly by themselves. If none is refused for a minute, or
// for 60 times as long as the pause was, the rate grows. A request whose ctx ends while
// it waits leaves its turn to another one.
//
// A gate has no goroutine and does not have to be closed.
func NewGate() Gate { return &gate{lanes: map[string]*lane{}, full: maxLanes} }

type gate struct {
	mu    sync.Mutex
	lanes map[string]*lane
	full  int // with so many lanes, some are forgotten
}

// laneOf returns what the gate knows of a key. The caller holds mu.
func (g *gate) laneOf(key string) *lane {
	l := g.lanes[key]
	if l == nil {
		if len(g.lanes) >= g.full {
			g.forget(time.Now())
		}
		l = new(lane)
		g.lanes[key] = l
	}
	return l
}

// forget makes room by forgetting keys that are not paused, of which little is known. Since
// it may look at all keys, it is called next when their number has doubled, or reaches
// maxLanes again.
func (g *gate) forget(now time.Time) {
	defer func() { g.full = max(maxLanes, 2*len(g.lanes)) }()
	for key, l := range g.lanes {
		l.mu.Lock()
		idle := now.After(l.until) && !l.pacing(now)
		l.mu.Unlock()
		if idle {
			delete(g.lanes, key)
			if len(g.lanes) < maxLanes/2 {
				return
			}
		}
	}
}

// Wait implements Gate.
func (g *gate) Wait(ctx context.Context, key string) error {
	g.mu.Lock()
	l := g.laneOf(key)
	g.mu.Unlock()
	for waited := false; ; waited = true {
		if err := ctx.Err(); err != nil {
			return err
		}
		start := time.Now()
		wait, do, turn := l.rule(ctx, start, waited)
		switch do {
		case letPass:
			return nil
		case turnAway:
			return PausedError{wait}
		}
		if err := backoff.Sleep(ctx, wait); err != nil {
			if do == takeTurn {
				l.giveBack(start, turn)
			}
			return err
		}
		if do == takeTurn && l.taken(start, time.Now()) {
			return nil
		}
	}
}

// Pause implements Gate.
func (g *gate) Pause(_ context.Context, key string, d time.Duration) {
	if d <= 0 {
		return
	}
	g.mu.Lock() // or the lane might be forgotten before it is paused
	defer g.mu.Unlock()
	g.laneOf(key).pause(time.Now(), min(d, maxPause))
}

// A ruling is what a request has to do.
type ruling int

const (
	letPass  ruling = iota
	askAgain        // after waiting
	takeTurn        // after waiting, unless there is a new pause
	turnAway        // because it would have to wait for too long
)

// A lane is what a gate knows of a key.
type lane struct {
	mu      sync.Mutex
	passed  tally         // requests that were let through, without those that were refused
	began   time.Time     // when the last pause began
	until   time.Time     // when it ends
	length  time.Duration // of the last pause; 0 if there was none, or it is forgotten
	before  float64       // requests let through in as long before it
	refused float64       // requests refused since it began
	grown   float64       // requests in as long as the pause is, if the pace had grown; else 0
	ran     time.Duration // how long the pace had lasted
	settled bool          // whether pace follows from the last pause
	pace    pace
	weight  float64   // on how many requests the pace rests, those of earlier pauses included
	futile  int       // pauses in a row before which no request was accepted
	queued  time.Time // when a request last had to wait
}

// pacing reports whether requests are counted and perhaps delayed because of a pause.
func (l *lane) pacing(now time.Time) bool {
	return l.length > 0 && now.Before(l.queued.Add(remembered(l.length)))
}

// lapse forgets the last pause when it has no effect any more.
func (l *lane) lapse(now time.Time) {
	if !l.pacing(now) {
		l.length, l.pace, l.weight, l.futile = 0, pace{}, 0, 0
	}
}

// remembered returns how long a pause has an effect after the last request had to wait.
func remembered(length time.Duration) time.Duration {
	return min(max(30*length, 30*time.Second), 10*time.Minute)
}

// pause begins or extends a pause.
func (l *lane) pause(now time.Time, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.until) { // a new one
		l.lapse(now)
		l.ran = now.Sub(l.until)
		l.grown = l.pace.rate(l.ran) * d.Seconds()
		l.began, l.length, l.before, l.refused, l.settled = now, d, l.passed.since(now, d), 0, false
	}
	l.refused++
	l.passed.add(l.began, -1) // about when it was let through
	if end := now.Add(d); end.After(l.until) {
		l.until, l.queued = end, end
	}
}

// rule decides what a request has to do, and which turn it takes if it has to do that.
// waited is whether it has waited for the end of a pause.
func (l *lane) rule(ctx context.Context, now time.Time, waited bool) (time.Duration, ruling, float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	room := time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		room = deadline.Sub(now)
	}
	if left := l.until.Sub(now); left > 0 {
		if left >= room {
			return left, turnAway, 0
		}
		return left + rand.N(min(l.length, maxSpread, room-left)), askAgain, 0
	}
	if l.lapse(now); l.length == 0 {
		l.passed.add(now, 1)
		return 0, letPass, 0
	}
	if !l.settled {
		l.settle()
	}
	wait, turn := l.pace.take(now.Sub(l.until), room, waited)
	switch {
	case wait >= room:
		return wait, turnAway, 0
	case wait > 0:
		l.queued = now
		return wait, takeTurn, turn
	}
	l.passed.add(now, 1)
	return 0, letPass, 0
}

// taken counts a request whose turn has come. It reports false if there is no such turn any
// more, because a new pause has begun since it was given.
func (l *lane) taken(given, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.After(given) || now.Before(l.until) {
		return false
	}
	l.passed.add(now, 1)
	return true
}

// giveBack leaves a turn, given at another time, to the next one who asks.
func (l *lane) giveBack(given time.Time, turn float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := &l.pace; !l.began.After(given) && l.length > 0 {
		i, _ := slices.BinarySearch(p.back, turn)
		p.back = slices.Insert(p.back, i, turn)
	}
}

// settle derives the pace from what was accepted before the pause.
func (l *lane) settle() {
	l.settled = true
	n := l.before - l.refused
	if n < 1 {
		l.weight, l.pace = 0, pace{}
		if l.futile++; l.futile > 1 { // nothing is accepted: find out with as few requests as possible
			l.pace = pace{n: 1, length: l.length, doubling: min(l.length, maxSpread) / 4}
		}
		return
	}
	l.futile = 0
	n = max(n, 0.75*l.grown)
	last := l.pace
	near := n < 1.5*last.n
	if near && last.n < 1.5*n {
		l.weight += n
	} else {
		l.weight = n
	}
	plateau := min(max(60*l.length, time.Minute), 30*time.Minute)
	next, doubling := 0.97*n, plateau/3
	switch {
	case last.n == 0 && n < 2*l.refused: // there were more at once than the vendor accepts, so it may accept more over time
		plateau, doubling = 5*l.length, l.length
	case !near: // last says nothing
	case l.grown > 0: // the pace grew until it was too fast
		next = max(last.n, next/math.Exp2(min(float64(l.length)/float64(last.doubling), 40)))
	case l.ran < 2*l.length: // it was too fast from the start, or many came late
		next = 0.85 * n
		if n > last.n {
			next = 0.93 * last.n
		}
		plateau, doubling = plateau/6, doubling/3
	default:
		next = min(next, 0.97*last.n)
	}
	sure := math.Pow(min(l.weight/20, 1), 2)
	l.pace = pace{
		n: next, length: l.length, soon: n,
		plateau: time.Duration(sure * float64(plateau)), doubling: max(time.Duration(sure*float64(doubling)), time.Millisecond),
	}
	if sure < 1 && last.n == 0 { // n is a guess
		l.pace.soon = math.Inf(1)
	}
}

// A pace says when the k-th request after a pause is let through. Until the time plateau,
// n requests are let through in as long as the pause was, evenly; from then on, the rate
// doubles again and again, each time within the time doubling. If n is 0, all requests are
// let through at once.
type pace struct {
	n                 float64
	length            time.Duration
	plateau, doubling time.Duration
	soon              float64   // as many of those that waited for the end of the pause are released soon after it
	k                 float64   // turns taken
	back              []float64 // those of them that were given back, in order
}

// take returns how long a request must wait that comes at the given time after the
// pause, and its turn, which it takes unless that is longer than room.
func (p *pace) take(after, room time.Duration, waited bool) (time.Duration, float64) {
	if p.n == 0 {
		return 0, 0
	}
	first := p.turns(after) - max(1, p.n/80) // unused turns expire
	expired, _ := slices.BinarySearch(p.back, first)
	p.back = p.back[expired:]
	k, again := max(p.k, first), len(p.back) > 0
	if again {
		k = p.back[0]
	}
	wait := p.when(k) - after
	if waited && k < p.soon {
		wait = min(wait, maxSpread-after)
	}
	switch {
	case wait >= room:
	case again:
		p.back = p.back[1:]
	default:
		p.k = k + 1
	}
	return max(wait, 0), k
}

// rate returns how many requests there are a second at t after the pause, if it grows.
func (p *pace) rate(t time.Duration) float64 {
	if p.n == 0 || t <= p.plateau {
		return 0
	}
	return p.n / p.length.Seconds() * math.Exp2(min(float64(t-p.plateau)/float64(p.doubling), 40))
}

// turns returns how many turns there are until t after the pause.
func (p *pace) turns(t time.Duration) float64 {
	if t <= p.plateau {
		return p.n * float64(t) / float64(p.length)
	}
	doublings := min(float64(t-p.plateau)/float64(p.doubling), 40)
	return p.n / float64(p.length) * (float64(p.plateau) + float64(p.doubling)/math.Ln2*(math.Exp2(doublings)-1))
}

// when returns when the turn k comes: it is the inverse of count.
func (p *pace) when(k float64) time.Duration {
	t := k * float64(p.length) / p.n
	if over := t - float64(p.plateau); over > 0 {
		t = float64(p.plateau) + float64(p.doubling)*math.Log2(1+over*math.Ln2/float64(p.doubling))
	}
	return time.Duration(t)
}

// A tally counts the events of the last hour, in buckets that are shorter the more recent
// they are.
type tally struct {
	start  time.Time
	levels [len(widths)][32]int32
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
		t.moveTo(i, number)
		if number > t.last[i]-32 {
			t.levels[i][number%32] += n
		}
	}
}

// moveTo empties the buckets between the latest one and the one with the given number.
func (t *tally) moveTo(level int, number int64) {
	for i := max(t.last[level]+1, number-31); i <= number; i++ {
		t.levels[level][i%32] = 0
	}
	t.last[level] = max(t.last[level], number)
}

// since returns how many events there were between age before now and now.
func (t *tally) since(now time.Time, age time.Duration) float64 {
	level := 0
	for level < len(widths)-1 && 31*widths[level] < age {
		level++
	}
	w := int64(widths[level])
	t.moveTo(level, int64(t.age(now))/w)
	from := max(int64(t.age(now.Add(-age))), (t.last[level]-31)*w)
	sum := 0.0
	for i := from / w; i <= t.last[level]; i++ {
		share := 1.0
		if i == from/w { // this bucket began before
			share = 1 - float64(from%w)/float64(w)
		}
		sum += share * float64(t.levels[level][i%32])
	}
	return sum
}

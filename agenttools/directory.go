package agenttools

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// How long what the service told is used.
const (
	keepList        = time.Minute
	keepDescription = 5 * time.Minute
	keepRefusal     = time.Minute
)

// A directory is what a Set knows about the connectors of its workspace.
type directory struct {
	list cached[listing]

	mu    sync.Mutex
	conns map[string]*state // by ID
}

// A listing is a list of all connectors, and of those that may be seen.
type listing struct{ all, seen []*connector }

// A connector is a connector of the workspace. It does not change.
type connector struct {
	*state

	ws   *client.Workspace
	info client.ConnectorInfo
	name string // by which the model calls it: that of no other; "" if it must not be seen
}

// A state is what is known of a connector by its ID.
type state struct {
	conn      *client.Connector
	described cached[*client.Description]
}

func (c *connector) subject() subject { return subject{c.info.Slug, c.info.Name} }

// connectors returns the connectors that may be seen. Unless fresh is set, the list may
// be a minute old.
func (s *Set) connectors(ctx context.Context, fresh bool) ([]*connector, error) {
	l, err := s.listing(ctx, fresh)
	return l.seen, err
}

func (s *Set) listing(ctx context.Context, fresh bool) (listing, error) {
	return s.known.list.get(ctx, fresh, func(ctx context.Context) (listing, time.Duration, error) {
		infos, err := s.ws.ListConnectors(ctx)
		if err != nil {
			return listing{}, 0, err
		}
		d := &s.known
		d.mu.Lock()
		defer d.mu.Unlock()
		before := d.conns
		d.conns = map[string]*state{}
		var l listing
		for _, info := range infos {
			c := &connector{state: before[info.ID], ws: s.ws, info: info}
			if c.state == nil || c.conn.Slug() != info.Slug {
				c.state = &state{conn: s.ws.ConnectorFrom(info)}
			}
			d.conns[info.ID] = c.state
			l.all = append(l.all, c)
			if s.rules.connector(c.subject()) {
				l.seen = append(l.seen, c)
			}
		}
		for _, c := range l.seen {
			c.name = nameOf(l.seen, c)
		}
		return l, keepList, nil
	})
}

// own returns the connector as s calls it: its page may come from another Set.
func (s *Set) own(c *connector) *connector {
	if c.ws == s.ws {
		return c
	}
	return &connector{state: &state{conn: s.ws.ConnectorFrom(c.info)}, ws: s.ws, info: c.info, name: c.name}
}

// forget drops what is known, after it turned out to be old.
func (s *Set) forget(c *connector) {
	s.known.list.drop()
	if c != nil {
		c.described.drop()
	}
}

// nameOf returns the name by which c is found: its slug, its own name or its ID.
func nameOf(list []*connector, c *connector) string {
	for _, name := range []string{c.info.Slug, c.info.Name} {
		if name = oneLine(name, 80); name == "" {
			continue
		}
		if found := find(list, name); len(found) == 1 && found[0] == c {
			return name
		}
	}
	return oneLine(c.info.ID, 80)
}

// find returns the connectors that a name may mean, by slug, display name, own name or
// ID; the first of these that fits any counts. If several have the slug or the display
// name, the one whose own name fits is meant.
func find(list []*connector, name string) []*connector {
	name = plain(name)
	if name == "" {
		return nil
	}
	fitting := func(list []*connector, of func(client.ConnectorInfo) string) []*connector {
		return slices.DeleteFunc(slices.Clone(list), func(c *connector) bool {
			text := of(c.info)
			return plain(text) != name && plain(oneLine(text, 80)) != name
		})
	}
	own := func(i client.ConnectorInfo) string { return i.Name }
	for _, of := range []func(client.ConnectorInfo) string{
		func(i client.ConnectorInfo) string { return i.Slug },
		func(i client.ConnectorInfo) string { return i.DisplayName },
		own,
		func(i client.ConnectorInfo) string { return i.ID },
	} {
		found := fitting(list, of)
		if len(found) > 1 {
			if narrower := fitting(found, own); len(narrower) == 1 {
				return narrower
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// connector finds the connector that a model names, and has the arguments call it by the
// name that it has here.
func (s *Set) connector(ctx context.Context, a *arguments) (*connector, *failure) {
	name := a.connector
	for _, fresh := range []bool{false, true} {
		list, err := s.connectors(ctx, fresh)
		if err != nil {
			return nil, s.failed(err)
		}
		found := find(list, name)
		switch {
		case len(found) == 1:
			a.connector = found[0].name
			return found[0], nil
		case len(found) > 1:
			f := &failure{text: "several connectors are called " + oneLine(name, 80), problems: []problem{{"connector", "it could mean several connectors"}}}
			f.hint = "ask for one of them by its own name: " + listed(names(found))
			return nil, f
		case !fresh:
			continue
		}
		f := &failure{text: "there is no connector " + oneLine(name, 80), problems: []problem{{"connector", "there is none of that name"}}}
		if name == "" {
			f = missing("connector", "")
		}
		switch {
		case len(list) > 0:
			f.hint = didYouMean(name, names(list)) + "the connectors are " + listed(names(list))
		case len(s.rules.allow)+len(s.rules.deny) > 0:
			f.hint = "there are no connectors that are allowed here; tell the user"
		default:
			f.hint = "there are no connectors; tell the user"
		}
		return nil, f
	}
	panic("unreachable")
}

func names(list []*connector) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.name)
	}
	return names
}

// describe returns the description of a connector. It is kept for some minutes; so is
// that the connector refuses to describe itself.
func (c *connector) describe(ctx context.Context) (*client.Description, error) {
	return c.described.get(ctx, false, func(ctx context.Context) (*client.Description, time.Duration, error) {
		d, err := c.conn.Describe(ctx)
		switch {
		case err == nil:
			return d, keepDescription, nil
		case refuses(err):
			return nil, keepRefusal, err
		}
		return nil, 0, err
	})
}

// fit gives the arguments the names that the connector declares, where they differ from
// those only as [plain] says, and each can mean only one.
func (a *arguments) fit(d *client.Description) {
	same := func(name string) func(string) bool {
		return func(other string) bool { return plain(other) == plain(name) }
	}
	e, ok := d.Entity(a.entity)
	if !ok {
		var names []string
		for _, e := range d.Entities {
			names = append(names, e.Name)
		}
		if e, ok = d.Entity(only(names, same(a.entity))); ok {
			a.entity = e.Name
		}
	}
	var names []string
	if ok {
		for _, action := range e.Actions {
			names = append(names, action.Name)
		}
	}
	switch lower := strings.ToLower(a.action); {
	case slices.Contains(names, a.action), client.IsRead(a.action):
	case only(names, same(a.action)) != "":
		a.action = only(names, same(a.action))
	case client.IsRead(lower): // it need not be declared
		a.action = lower
	}
}

// only returns the name that fits, or "" if several do or none.
func only(names []string, fits func(string) bool) string {
	i := slices.IndexFunc(names, fits)
	if i < 0 || slices.ContainsFunc(names[i+1:], fits) {
		return ""
	}
	return names[i]
}

// noEntity is the failure for an entity that the connector does not declare, or nil if it
// does, or declares none.
func (s *Set) noEntity(c *connector, d *client.Description, entity string) *failure {
	if d == nil || len(d.Entities) == 0 {
		return nil
	}
	if e, ok := d.Entity(entity); ok && len(s.actions(c, e, true)) > 0 {
		return nil
	}
	return &failure{
		text: label(c) + " has no entity " + oneLine(entity, 80), problems: []problem{{"entity", "there is none of that name"}},
		hint: didYouMean(entity, s.entities(c, d)) + "the entities of " + label(c) + " are " + listed(s.entities(c, d)),
	}
}

// refuses reports whether err says that a connector does not describe itself.
func refuses(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// entities returns the names of the entities that may be seen.
func (s *Set) entities(c *connector, d *client.Description) []string {
	var list []string
	for _, e := range d.Entities {
		if len(s.actions(c, &e, true)) > 0 {
			list = append(list, e.Name)
		}
	}
	return list
}

// actions returns the names of the actions of an entity that are allowed: those that
// read or, unless the Set has no writes, all.
func (s *Set) actions(c *connector, e *client.EntityDescription, all bool) []string {
	var list []string
	for _, a := range e.Actions {
		if client.IsRead(a.Name) && a.Name != describeAction || all && s.writes && !client.IsRead(a.Name) {
			if s.allowed(c, e.Name, a.Name) {
				list = append(list, a.Name)
			}
		}
	}
	return list
}

// The actions that do not do what others do.
const (
	describeAction = "describe"
	downloadAction = "download"
	storeSQL       = "context_store_sql_query"
	selectSQL      = "sql_select"
)

// allowed reports whether the patterns allow an action.
func (s *Set) allowed(c *connector, entity, action string) bool {
	if action == storeSQL || action == selectSQL {
		return s.rules.anyEntity(c.subject(), entity, action)
	}
	return s.rules.action(c.subject(), entity, action)
}

// notAllowed is the failure for an action that the patterns do not allow.
func notAllowed(c *connector, entity, action string) *failure {
	return &failure{text: label(c, entity, action) + " is not allowed here", hint: "do without it, or tell the user"}
}

// label names an action, or an entity or a connector, in one short line.
func label(c *connector, more ...string) string {
	parts := []string{oneLine(c.name, 50)}
	for _, name := range more {
		if name != "" {
			parts = append(parts, oneLine(name, 50))
		}
	}
	return strings.Join(parts, ".")
}

// A cached value is one that the service told. Calls that need it at the same time share
// a request.
type cached[T any] struct {
	mu     sync.Mutex
	v      T
	err    error
	until  time.Time
	flight *flight[T]
}

type flight[T any] struct {
	done  chan struct{}
	v     T
	err   error
	ended bool // with the ctx of the call that made the request
}

// get returns the value, and calls fetch if there is none, or if it must be fresh. fetch
// says for how long the value, or the error, is kept.
func (c *cached[T]) get(ctx context.Context, fresh bool, fetch func(context.Context) (T, time.Duration, error)) (T, error) {
	for {
		c.mu.Lock()
		if !fresh && time.Now().Before(c.until) {
			defer c.mu.Unlock()
			return c.v, c.err
		}
		f := c.flight
		if f == nil {
			f = &flight[T]{done: make(chan struct{}), ended: true}
			c.flight = f
			c.mu.Unlock()
			return c.fly(ctx, f, fetch)
		}
		c.mu.Unlock()
		select {
		case <-f.done:
			if !f.ended {
				return f.v, f.err
			}
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
	}
}

func (c *cached[T]) fly(ctx context.Context, f *flight[T], fetch func(context.Context) (T, time.Duration, error)) (T, error) {
	var keep time.Duration
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.flight = nil
		if keep > 0 {
			c.v, c.err, c.until = f.v, f.err, time.Now().Add(keep)
		}
		close(f.done)
	}()
	f.v, keep, f.err = fetch(ctx)
	f.ended = f.err != nil && ctx.Err() != nil
	return f.v, f.err
}

// peek returns the value if it is known, or its zero value.
func (c *cached[T]) peek() (v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && time.Now().Before(c.until) {
		v = c.v
	}
	return v
}

// drop forgets the value.
func (c *cached[T]) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = time.Time{}
}

// kindOf is the kind of a connector, for people.
func kindOf(c *connector) string { return cmp.Or(c.info.DisplayName, c.info.Slug) }

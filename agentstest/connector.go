package agentstest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A Connector is a connector to put into a workspace; see [WithConnector].
type Connector struct {
	// ID is a UUID; invented when empty, the same in each run.
	ID string

	// Name is that of the instance; that of its kind when empty.
	Name string

	// Slug names the kind, such as zendesk-support. One that the service does
	// not know becomes a new kind, with these entities.
	Slug string

	// DisplayName is the kind's, such as Zendesk Support, when it is new.
	DisplayName string

	// DefinitionID is the kind's; a UUID. It is invented when the kind is new,
	// and can stand in for Slug when it is not.
	DefinitionID string

	// Entities are what actions can be run on, by name. Nil is those that the
	// seeded world has for this kind; for none at all, give an empty map.
	Entities map[string]Entity

	// Config is what the service shows as the replication_config.
	Config map[string]any

	// Fail has each action answer 200 with the status "error" and this reason.
	Fail string

	// CheckError has checks fail with this reason.
	CheckError string

	// Latency passes before the result of each action.
	Latency time.Duration

	// Stale has context store searches warn that the store had been paused.
	Stale bool
}

// An Entity is a kind of records that a connector has, or files, or both.
type Entity struct {
	// Records is a slice of anything that JSON can hold, mostly of
	// map[string]any or of structs. It is copied. Nil is an entity without
	// records yet: they can be created, and are then listed. An entity that has
	// Files and nil Records has files only; give it an empty slice if records
	// are to be created as well.
	Records any

	// Paging is how lists go on after a page; see [Paging].
	Paging Paging

	// PageSize is how many records a page has unless the request says so, 10
	// when 0. MaxPageSize is the most a request gets, 100 when 0.
	PageSize, MaxPageSize int

	// Repeat has a plain list give the records so many times over, for long
	// walks that cost no memory. Filters and the other actions see them once,
	// and PagingStripe cannot use it.
	Repeat int

	// Key is the field that get, update and delete find records by, "id" when
	// empty.
	Key string

	// Actions limits the actions; by default they are list, get, api_search,
	// search, context_store_search, create, update and delete for records, and
	// download for files.
	Actions []string

	// Files are what download gives, by the value of the parameter that names
	// one. Which parameter that is makes no difference.
	Files map[string]File

	// Fail is as in Connector, for this entity.
	Fail string
}

// A File is something to download.
type File struct {
	Name        string // sent in Content-Disposition; none when empty
	ContentType string // application/octet-stream when empty
	Data        []byte

	// Size makes up that many bytes in place of Data, without holding them:
	// byte i is 'a' + i%26.
	Size int64

	// Unsized sends no Content-Length.
	Unsized bool

	// Disposition is sent as the whole Content-Disposition in place of Name.
	Disposition string
}

// connector is a connector of the world.
type connector struct {
	serial             int64
	id, name           string
	workspace          *workspace
	template           *template
	config             map[string]any
	selected           []server.RequestedEntity // nil is all
	createdAt, updated time.Time
	deletedAt          time.Time // when the job ends that deletes it; zero when there is none
	job                string

	// What follows does not change; entities have a lock of their own.
	entities         map[string]*entity
	fail, checkError string
	latency          time.Duration
	stale            bool
}

func (c *connector) gone(now time.Time) bool {
	return !c.deletedAt.IsZero() && !now.Before(c.deletedAt)
}

// addConnector puts a connector into a workspace. The lock is held, or the
// service is not in use yet.
func (w *world) addConnector(ws *workspace, c Connector, now time.Time) error {
	k, err := w.kindFor(c, now)
	if err != nil {
		return err
	}
	entities := c.Entities
	if entities == nil {
		entities = k.entities
	}
	own, global := w.templatesOf(ws.organization, k)
	conn := &connector{
		serial: w.next(), id: strings.ToLower(c.ID), name: c.Name, workspace: ws, template: slices.Concat(own, global)[0],
		config: c.Config, createdAt: now, updated: now,
		fail: c.Fail, checkError: c.CheckError, latency: c.Latency, stale: c.Stale,
	}
	if conn.name == "" {
		conn.name = k.name
	}
	if conn.id == "" {
		conn.id = inventID("connector", ws.id, k.slug, conn.name)
		for i := 2; w.connectors[conn.id] != nil; i++ {
			conn.id = inventID("connector", ws.id, k.slug, conn.name, fmt.Sprint(i))
		}
	}
	switch {
	case !isUUID(conn.id):
		return fmt.Errorf("the id %q is no UUID", c.ID)
	case w.connectors[conn.id] != nil:
		return fmt.Errorf("there is a connector %s already", conn.id)
	}
	if err := conn.fill(k.slug, entities); err != nil {
		return err
	}
	w.place(conn)
	return nil
}

func (w *world) place(c *connector) {
	w.connectors[c.id] = c
	w.byWorkspace[c.workspace.id] = append(w.byWorkspace[c.workspace.id], c)
}

func (w *world) remove(c *connector) {
	delete(w.connectors, c.id)
	w.byWorkspace[c.workspace.id] = slices.DeleteFunc(w.byWorkspace[c.workspace.id], func(o *connector) bool { return o == c })
}

// fill gives a connector its entities, each with records of its own.
func (c *connector) fill(slug string, entities map[string]Entity) error {
	c.entities = make(map[string]*entity, len(entities))
	for name, spec := range entities {
		e, err := newEntity(slug, name, spec)
		if err != nil {
			return fmt.Errorf("entity %q: %w", name, err)
		}
		c.entities[name] = e
	}
	return nil
}

// kindFor finds or makes the kind of a connector.
func (w *world) kindFor(c Connector, now time.Time) (*kind, error) {
	slug := plainSlug(c.Slug)
	if slug == "" {
		if k := w.kindByID(c.DefinitionID); k != nil {
			return k, nil
		}
		return nil, errors.New("it has neither a slug nor the definition id of a kind")
	}
	if k := w.kindBySlug(slug); k != nil {
		if c.DefinitionID != "" && !strings.EqualFold(c.DefinitionID, k.id) {
			return nil, fmt.Errorf("kind %q has the definition id %s", slug, k.id)
		}
		return k, nil
	}
	k := &kind{id: strings.ToLower(c.DefinitionID), slug: slug, name: c.DisplayName, custom: true, support: server.SupportLevelNone, entities: maps.Clone(c.Entities)}
	if k.id != "" && !isUUID(k.id) {
		return nil, fmt.Errorf("the definition id %q is no UUID", c.DefinitionID)
	}
	if k.name == "" {
		k.name = title(slug)
	}
	return w.addKind(k, now), nil
}

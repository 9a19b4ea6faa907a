package agentstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A Connector describes a connector for [WithConnector]. It is valid if it has a
// Slug or the DefinitionID of a kind that exists, its IDs are UUIDs that no
// other connector has, and the Records and the Paging of its entities are valid.
type Connector struct {
	// ID is a UUID. By default it is invented, the same in every run.
	ID string

	// Name is the connector's own name. The default is the name of its kind.
	Name string

	// Slug is the slug of its kind, such as zendesk-support. A slug that the
	// service does not know creates a new kind, with these Entities.
	Slug string

	// DisplayName is the name of a new kind, such as Zendesk Support. By
	// default, it is derived from the slug.
	DisplayName string

	// DefinitionID is the ID of the source definition, a UUID. By default, that
	// of a new kind is invented. For a kind that exists, it may be given instead
	// of the Slug.
	DefinitionID string

	// Entities are what actions run on, by name. If it is nil, the connector has
	// the seeded entities of its kind; if it is empty, it has none.
	Entities map[string]Entity

	// Config is the replication_config that the service shows.
	Config map[string]any

	// Definition is what prepareExecution returns as the definition of the
	// connector, OpenAPI 3.1 as YAML. By default, it is derived from the entities.
	Definition string

	// Fail makes every action fail for this reason: the response has the HTTP
	// status 200, and its body has the status "error".
	Fail string

	// CheckError makes checks of the connector fail for this reason.
	CheckError string

	// Latency is the time before the result of each action.
	Latency time.Duration

	// Stale makes searches of the context store warn that the store was paused.
	Stale bool
}

// An Entity is a kind of record or file that a connector has, or both.
type Entity struct {
	// Records is a slice of values that encode as JSON objects, such as
	// map[string]any or structs. It is copied. If it is nil, the entity has no
	// records yet, but new ones can be created. With Files and nil Records, an
	// entity has only files; use an empty slice if it is to have records as
	// well.
	//
	// If the first record has created_at, updated_at, createdAt, updatedAt,
	// CreatedDate or LastModifiedDate, and it is a time of RFC 3339, records that
	// are created or updated have it too.
	//
	// A field at the top level has a semantic index if it contains text of more
	// than one word in the first record.
	Records any

	// Paging is how lists continue after a page; see [Paging] for the default.
	Paging Paging

	// PageSize is the number of records on a page if the request does not set
	// one. The default is 10. MaxPageSize is the largest number that a request
	// gets. The default is 100 or PageSize, whichever is larger.
	PageSize, MaxPageSize int

	// Repeat makes lists without a filter return the records that many times,
	// for long lists that need no memory. Filtered lists and other actions see
	// each record once. It does not work with PagingStripe.
	Repeat int

	// Key is the field that identifies a record, and the parameter that get,
	// update, delete and download require. The default is "id". For an entity
	// called tickets, the parameters id, ticket_id, ticketId and tickets_id mean
	// the same, unless the records have a field of that name.
	Key string

	// Actions are the actions that can be run. The default is list, get,
	// api_search, search, context_store_search, context_store_sql_query, create,
	// update and delete for records, and download for files. With the service, the
	// two actions that read the context store can exclude each other.
	Actions []string

	// Files are what download returns, by ID. The ID may be in any parameter,
	// since its name differs by vendor. If no file has the ID, the response has
	// no bytes; if no parameter is an ID, its status is 422.
	Files map[string]File

	// Wrapped makes list return an object with the records in data and the state of
	// paging in meta, as api_search always does, instead of an array with the state of
	// paging in connector_metadata. Some connectors do that, as their documentation
	// says.
	Wrapped bool

	// Fail is like Connector.Fail for this entity.
	Fail string
}

// A File is a file to download.
type File struct {
	Name        string // the filename in Content-Disposition; without a name there is no such header
	ContentType string // the default is application/octet-stream
	Data        []byte

	// Size replaces Data by that many bytes, which take no memory. The byte at
	// offset i is 'a' + i%26.
	Size int64

	// Unsized leaves out the Content-Length.
	Unsized bool

	// Disposition is the whole Content-Disposition. It replaces Name.
	Disposition string
}

// A connector is a connector of the world. The lock of the world guards it, but
// not its entities, which have locks of their own.
type connector struct {
	serial                int64
	id, name              string
	workspace             *workspace
	template              *template
	config                map[string]any           // as the service shows it
	credentials, settings map[string]any           // for checks, secrets included; nil unless a request made it
	selected              []server.RequestedEntity // nil means all; replaced, never changed
	createdAt, updated    time.Time
	deletedAt             time.Time // the end of the job that deletes it; zero if there is none
	job                   string

	// These do not change.
	searchFrom       time.Time // when the context store is filled
	entities         map[string]*entity
	fail, checkError string
	definition       string // "" if it is derived from the entities
	latency          time.Duration
	stale            bool
}

// inStore reports whether the connector puts the entity into the context store,
// given its selected entities.
func (e *entity) inStore(selected []server.RequestedEntity) bool {
	return e.storable() &&
		(selected == nil || slices.ContainsFunc(selected, func(s server.RequestedEntity) bool { return s.Entity == e.name }))
}

// storable reports whether the context store can have the entity.
func (e *entity) storable() bool { return e.allows("context_store_search") || e.allows(storeSQL) }

// filled reports whether the entities can be searched in the context store.
func (c *connector) filled(now time.Time) bool { return !now.Before(c.searchFrom) }

// gone reports whether the connector has been deleted.
func (c *connector) gone(now time.Time) bool {
	return !c.deletedAt.IsZero() && !now.Before(c.deletedAt)
}

// addConnector puts a connector into a workspace. The caller holds the lock, or
// the service is not in use yet.
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
	if raw, err := json.Marshal(c.Config); err == nil && c.Config != nil {
		c.Config, _ = decode(raw).(map[string]any)
	}
	conn := &connector{
		serial: w.next(), id: strings.ToLower(c.ID), name: c.Name, workspace: ws, template: slices.Concat(own, global)[0],
		config: c.Config, createdAt: now, updated: now,
		fail: c.Fail, checkError: c.CheckError, definition: c.Definition, latency: c.Latency, stale: c.Stale,
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
		return fmt.Errorf("the id %q is not a UUID", c.ID)
	case w.connectors[conn.id] != nil:
		return fmt.Errorf("another connector has the id %s", conn.id)
	}
	if err := conn.fill(k, entities); err != nil {
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

// fill gives a connector of a kind its entities, each with its own copy of the records.
// Those that the document of the kind describes are among them in any case.
func (c *connector) fill(k *kind, entities map[string]Entity) error {
	if k.document != nil {
		for _, name := range slices.Sorted(maps.Keys(entities)) {
			if k.document.entity(name) == nil {
				return fmt.Errorf("its document has no entity %q; it has %s", name, strings.Join(slices.Sorted(maps.Keys(k.entities)), ", "))
			}
		}
		all := maps.Clone(k.entities)
		maps.Copy(all, entities)
		entities = all
	}
	c.entities = make(map[string]*entity, len(entities))
	for name, spec := range entities {
		e, err := newEntity(k, name, spec)
		if err != nil {
			return fmt.Errorf("entity %q: %w", name, err)
		}
		c.entities[name] = e
	}
	return nil
}

// keptEntities returns a copy of entities that does not change with what the program keeps, for
// the connectors of the kind that are created later.
func keptEntities(entities map[string]Entity) map[string]Entity {
	entities = maps.Clone(entities)
	for name, e := range entities {
		if e.Records != nil {
			var list []json.RawMessage
			if raw, err := json.Marshal(e.Records); err == nil && json.Unmarshal(raw, &list) == nil {
				e.Records = list
			} // else newEntity says what is wrong with them
		}
		e.Actions, e.Files = slices.Clone(e.Actions), keptFiles(e.Files)
		entities[name] = e
	}
	return entities
}

func keptFiles(files map[string]File) map[string]File {
	files = maps.Clone(files)
	for id, f := range files {
		f.Data = bytes.Clone(f.Data)
		files[id] = f
	}
	return files
}

// kindFor returns the kind of a connector. It creates one for a new slug.
func (w *world) kindFor(c Connector, now time.Time) (*kind, error) {
	slug := plainSlug(c.Slug)
	if slug == "" {
		if k := w.kindByID(c.DefinitionID); k != nil {
			return k, nil
		}
		return nil, errors.New("neither the slug nor the definition id names a kind")
	}
	if k := w.kindBySlug(slug); k != nil {
		if c.DefinitionID != "" && !strings.EqualFold(c.DefinitionID, k.id) {
			return nil, fmt.Errorf("kind %q has the definition id %s", slug, k.id)
		}
		return k, nil
	}
	k := &kind{id: strings.ToLower(c.DefinitionID), slug: slug, name: c.DisplayName, custom: true, support: server.SupportLevelNone, entities: keptEntities(c.Entities)}
	if k.id != "" && !isUUID(k.id) {
		return nil, fmt.Errorf("the definition id %q is not a UUID", c.DefinitionID)
	}
	if k.name == "" {
		k.name = title(slug)
	}
	return w.addKind(k, now), nil
}

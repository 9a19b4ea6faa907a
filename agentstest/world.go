package agentstest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A world is the state of the service. Its lock guards all of it except for the
// records of entities, which have locks of their own.
type world struct {
	mu            sync.RWMutex
	serial        int64
	applications  map[string]*application
	organizations []*organization
	workspaces    map[string]*workspace    // by ID
	names         map[[2]string]*workspace // by organization and name, without tombstones
	connectors    map[string]*connector    // by ID
	byWorkspace   map[string][]*connector
	kinds         []*kind
	destinations  []*destination
	templates     map[string]*template
	connections   map[string]*connectionTemplate
	oauth         map[oauthKey]*server.OAuthCredentials
	consents      map[string]*consent // by state
	workflows     map[string]*server.Workflow
	automations   map[string]*server.Automation
}

type organization struct{ id, name string }

type workspace struct {
	serial             int64
	id, name           string
	organization       string
	status             server.WorkspaceStatus
	cache              *bool
	tombstone          bool
	createdAt, updated time.Time
}

func (w *world) init() {
	w.applications = map[string]*application{}
	w.workspaces = map[string]*workspace{}
	w.names = map[[2]string]*workspace{}
	w.connectors = map[string]*connector{}
	w.byWorkspace = map[string][]*connector{}
	w.templates = map[string]*template{}
	w.connections = map[string]*connectionTemplate{}
	w.oauth = map[oauthKey]*server.OAuthCredentials{}
	w.consents = map[string]*consent{}
	w.workflows = map[string]*server.Workflow{}
	w.automations = map[string]*server.Automation{}
}

// unlocked calls f without the lock, which the caller holds for writing. It is for
// functions of the user, which may take their time and call the service. What the caller
// has read of the world may have changed afterwards.
func (w *world) unlocked(f func()) {
	w.mu.Unlock()
	defer w.mu.Lock()
	f()
}

// next returns the next serial number. Lists are sorted by it. The caller holds
// the lock.
func (w *world) next() int64 {
	w.serial++
	return w.serial
}

// inventID returns a UUID derived from the parts, the same in every run.
func inventID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	sum[6] = sum[6]&0x0f | 0x80 // version 8, custom
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// newID returns a new UUID, the same in every run that creates the same things
// in the same order. The caller holds the lock.
func (w *world) newID(what string) string {
	return inventID(what, strconv.FormatInt(w.next(), 10))
}

// addOrganization adds an organization unless it exists. It returns the ID in
// lower case, and panics if it is not a UUID.
func (w *world) addOrganization(id, name string) string {
	if id = strings.ToLower(id); !isUUID(id) {
		panic(fmt.Sprintf("agentstest: the organization id %q is not a UUID", id))
	}
	if !slices.ContainsFunc(w.organizations, func(o *organization) bool { return o.id == id }) {
		if name == "" {
			name = "Organization " + id[:8]
		}
		w.organizations = append(w.organizations, &organization{id, name})
	}
	return id
}

// findWorkspace returns the workspace with a name, nil if there is none or it
// was deleted.
func (w *world) findWorkspace(organization, name string) *workspace {
	return w.names[[2]string{organization, name}]
}

// ensureWorkspace returns the workspace with a name. It creates one that does
// not exist.
func (w *world) ensureWorkspace(organization, name string, now time.Time) *workspace {
	if ws := w.findWorkspace(organization, name); ws != nil {
		return ws
	}
	ws := &workspace{
		serial: w.next(), name: name, organization: organization,
		status: server.WorkspaceStatusActive, createdAt: now, updated: now,
	}
	ws.id = inventID("workspace", organization, name)
	if w.workspaces[ws.id] != nil { // a tombstone of the same name
		ws.id = inventID("workspace", organization, name, strconv.FormatInt(ws.serial, 10))
	}
	w.workspaces[ws.id] = ws
	w.names[[2]string{organization, name}] = ws
	return ws
}

// sortedWorkspaces returns the workspaces of an organization in the order of
// their creation, tombstones included.
func (w *world) sortedWorkspaces(organization string) []*workspace {
	var list []*workspace
	for _, ws := range w.workspaces {
		if ws.organization == organization {
			list = append(list, ws)
		}
	}
	slices.SortFunc(list, func(a, b *workspace) int { return cmp.Compare(a.serial, b.serial) })
	return list
}

// sorted returns the values of a map, sorted by a number.
func sorted[K comparable, V any](m map[K]V, by func(V) int64) []V {
	return slices.SortedFunc(maps.Values(m), func(a, b V) int { return cmp.Compare(by(a), by(b)) })
}

// isGiven reports whether an optional text is there and not empty.
func isGiven(s *string) bool { return s != nil && *s != "" }

// textOf returns a parameter or an ID as text, "7001" for 7001 and 7001.0.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

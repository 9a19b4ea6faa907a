package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A kind is what is copied of a kind of connector, and how.
type kind struct {
	entity string
	params client.Params
	opts   []client.ExecuteOption
}

// full makes pages as large as they may be. It is an error for actions that declare no
// size of a page, so that it is not for all kinds.
var full = []client.ExecuteOption{client.WithRecordsPerPage(100)}

// kinds has the kinds by their slugs. Other connectors are skipped.
var kinds = map[string]kind{
	"github":          {entity: "issues", opts: full},
	"hubspot":         {entity: "contacts", opts: full},
	"salesforce":      {entity: "accounts", params: client.Params{"q": soql("")}, opts: []client.ExecuteOption{client.WithPager(byID)}},
	"slack":           {entity: "users", opts: full},
	"stripe":          {entity: "customers", opts: full},
	"zendesk-support": {entity: "tickets", opts: full},
}

// A summary is what became of the connectors.
type summary struct {
	connectors, records int            // that were copied
	skipped             map[string]int // the number of connectors, by slug
	failures            []failure
}

// A failure is why something is missing: the records of a connector, all connectors of
// a workspace, or further workspaces.
type failure struct {
	what string
	err  error
}

// String returns the summary as text, one line for each failure.
func (s *summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "copied: %d records of %d connectors\n", s.records, s.connectors)
	for _, slug := range slices.Sorted(maps.Keys(s.skipped)) {
		fmt.Fprintf(&b, "skipped: %d of %s\n", s.skipped[slug], slug)
	}
	for _, f := range s.failures {
		fmt.Fprintf(&b, "failed: %s: %v\n", f.what, f.err)
	}
	return b.String()
}

// A job copies the connectors of an organization.
type job struct {
	root     *os.Root // where the files are
	progress io.Writer

	mu      sync.Mutex // for progress, too
	summary summary
}

// copyAll copies all connectors of the organization into a directory, from up to that
// many at a time. It returns an error only if there is nothing to tell in a summary.
func copyAll(ctx context.Context, c *client.Client, dir string, workers int, progress io.Writer) (*summary, error) {
	if workers < 1 {
		return nil, fmt.Errorf("%d workers: want at least 1", workers)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // the files have been closed
	j := &job{root: root, progress: progress, summary: summary{skipped: map[string]int{}}}

	var all sync.WaitGroup
	slots := make(chan struct{}, workers)
	for w, err := range c.Workspaces(ctx, client.WorkspaceFilter{}) {
		if err != nil {
			j.failed("list of workspaces", err) // what was found before it is copied
			break
		}
		if w.Tombstone { // it was deleted
			continue
		}
		ws := c.WorkspaceFrom(w)
		infos, err := ws.ListConnectors(ctx)
		if err != nil {
			j.failed("workspace "+w.Name, err)
			continue
		}
		for _, info := range infos {
			kind, ok := kinds[info.Slug]
			if !ok {
				j.skipped(info.Slug)
				continue
			}
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				j.copy(ctx, ws.ConnectorFrom(info), w.Name+"/"+info.Name, kind)
			})
		}
	}
	all.Wait()
	slices.SortFunc(j.summary.failures, func(a, b failure) int { return strings.Compare(a.what, b.what) })
	return &j.summary, nil
}

// copy copies the records of one connector to a file. A file is there as a whole or not
// at all: an old one stays when the new one fails.
func (j *job) copy(ctx context.Context, c *client.Connector, name string, k kind) {
	j.say("begin  %s", name)
	n, err := j.write(ctx, c, k)
	if err == nil {
		err = j.root.Rename(c.ID()+".part", c.ID()+".jsonl")
	}
	if err != nil {
		_ = j.root.Remove(c.ID() + ".part")
		j.failed(name, err) // the error has the ID of the connector
		return
	}
	j.mu.Lock()
	j.summary.connectors++
	j.summary.records += n
	j.mu.Unlock()
	j.say("copied %s: %d %s", name, n, k.entity)
}

// write writes the records as JSON Lines, as the vendor has sent them.
func (j *job) write(ctx context.Context, c *client.Connector, k kind) (n int, err error) {
	file, err := j.root.OpenFile(c.ID()+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	out := bufio.NewWriter(file)
	lines := json.NewEncoder(out) // a line for each record
	lines.SetEscapeHTML(false)
	opts := append(slices.Clip(k.opts), client.WithPrefetch())
	for record, err := range client.All[json.RawMessage](ctx, c, k.entity, "list", k.params, opts...) {
		if err != nil {
			return n, err
		}
		if err := lines.Encode(record); err != nil {
			return n, err
		}
		n++
	}
	return n, out.Flush()
}

func (j *job) skipped(slug string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.summary.skipped[slug]++
}

func (j *job) failed(what string, err error) {
	j.mu.Lock()
	j.summary.failures = append(j.summary.failures, failure{what, err})
	j.mu.Unlock()
	j.say("failed %s", what)
}

func (j *job) say(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintf(j.progress, format+"\n", args...)
}

// Agents-gen generates a Go package with typed calls for a connector, from the
// connector's document.
//
// Usage:
//
//	agents-gen [-connector slug] [-o dir] [-package name] [-entities a,b] [-check] [-breaking] [-fake file] [-strict] [-v] [file]
//
// The file is an OpenAPI 3 document, in YAML or JSON, whose operations name entities
// and actions with x-airbyte-entity and x-airbyte-action; docs/documents.md in the
// repository describes it. The package imports only
// package client and the standard library. It has a type Connector with a field for
// each entity, methods for the actions, and types for parameters and records.
//
// With -connector, the document is that of a connector in the workspace, if the service
// gives it. If it does not, the package is made from what the connector says about
// itself: its parameters are typed, and its records are JSON.
//
// The flags are:
//
//	-connector slug
//		Ask the service about this connector instead of reading a file, with the
//		credentials and the workspace of the environment, as client.Connect does.
//	-o dir
//		The folder of the package. Files in it that agents-gen wrote before are
//		replaced or removed, others are left alone.
//	-package name
//		The name of the package; by default the connector's slug without punctuation,
//		whatever the folder is called.
//	-entities a,b
//		Only these entities, and the types that they use.
//	-check
//		Write nothing. Print how the package in the folder differs from the one that
//		would be written, a line for each difference, those that can break programs
//		with "breaking: " at the beginning, the others with "compatible: ".
//	-breaking
//		With -check, fail only if a difference can break programs.
//	-fake file
//		Write a description of the connector, with which agentstest.WithDocument
//		serves it in tests.
//	-strict
//		Write nothing if anything in the document is doubtful.
//	-v
//		Report what is renamed, left out, or has no type, how each list turns pages,
//		and all that is doubtful.
//
// What is probably a mistake in the document, such as a key that is almost called like
// one that there is, is reported to standard error, and so is, in one line, what was
// written.
//
// With -check, the flags -entities, -package and -fake must be those with which the
// package was written. The file connector.gen.go names the first two.
//
// The exit status is 0, 1 if -check finds differences, or 2 if something is wrong, in
// which case nothing is written.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/emit"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/model"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/output"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// The exit statuses.
const (
	same      = 0
	different = 1
	wrong     = 2
)

// settings are what the command line says.
type settings struct {
	connector string
	dir, name string
	entities  []string
	check     bool
	breaking  bool
	fake      string
	strict    bool
	verbose   bool
	file      string
}

const usage = "usage: agents-gen [-connector slug] [-o dir] [-package name] [-entities a,b] [-check] [-breaking] [-fake file] [-strict] [-v] [file]"

// run runs the command and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	status, err := generate(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage+"\n\nWrites a Go package with typed calls for the connector of an OpenAPI document.\n\n")
		flags := newFlags(&settings{}, new(string))
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return same
	case err != nil:
		fmt.Fprintln(stderr, "agents-gen: "+oneLine(err.Error()))
		return wrong
	}
	return status
}

func generate(args []string, stdout, stderr io.Writer) (int, error) {
	s, err := parse(args)
	if err != nil {
		return wrong, err
	}
	p, err := load(s)
	if err != nil {
		return wrong, err
	}
	if s.name == "" && s.dir != "" {
		if s.name, err = packageName(p.Slug); err != nil {
			return wrong, err
		}
	}
	if err := known(p, s.entities); err != nil {
		return wrong, err
	}
	var files []emit.File
	if s.dir != "" {
		p.Flags = s.flags(p.Slug)
		if files, err = emit.Files(p, s.name, s.entities); err != nil {
			return wrong, err
		}
	}
	doubts, n := emit.Doubts(p)
	if s.verbose {
		doubts = emit.Report(p, s.entities)
	}
	for _, line := range doubts {
		fmt.Fprintln(stderr, oneLine(line))
	}
	if s.strict && n > 0 {
		return wrong, fmt.Errorf("-strict: %s in the document", count(n, "doubtful place"))
	}
	var fake *output.Description
	if s.fake != "" {
		data, err := p.Describe(s.entities)
		if err != nil {
			return wrong, err
		}
		if fake, err = output.OpenDescription(s.fake, data); err != nil {
			return wrong, err
		}
	}
	if !s.check {
		if s.dir != "" {
			if err := output.Write(s.dir, files); err != nil {
				return wrong, err
			}
		}
		if err := fake.Write(); err != nil {
			return wrong, err
		}
		fmt.Fprintln(stderr, oneLine("agents-gen: "+summary(s, p, len(files))))
		return same, nil
	}
	var lines []string
	if s.dir != "" {
		if lines, err = output.Check(s.dir, files); err != nil {
			return wrong, err
		}
	}
	if fake.Differs() {
		lines = append(lines, fmt.Sprintf("compatible: %s differs", s.fake))
	}
	fails := false
	for _, line := range lines {
		fmt.Fprintln(stdout, oneLine(line))
		fails = fails || !s.breaking || strings.HasPrefix(line, "breaking: ")
	}
	if fails {
		return different, nil
	}
	return same, nil
}

// flags returns the flags that make the package another one.
func (s *settings) flags(slug string) string {
	var all []string
	if len(s.entities) > 0 {
		all = append(all, "-entities "+strings.Join(slices.Sorted(slices.Values(s.entities)), ","))
	}
	if name, err := packageName(slug); err != nil || name != s.name {
		all = append(all, "-package "+s.name)
	}
	return strings.Join(all, " ")
}

// newFlags returns the flags, which go to s, and the list of entities.
func newFlags(s *settings, entities *string) *flag.FlagSet {
	flags := flag.NewFlagSet("agents-gen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.connector, "connector", "", "ask the service about the connector of this `slug` instead of reading a file")
	flags.StringVar(&s.dir, "o", "", "the `folder` of the package")
	flags.StringVar(&s.name, "package", "", "the `name` of the package; by default the connector's slug without punctuation")
	flags.StringVar(entities, "entities", "", "only these entities, `a,b`, and the types that they use")
	flags.BoolVar(&s.check, "check", false, "write nothing, and print how the package in the folder differs")
	flags.BoolVar(&s.breaking, "breaking", false, "with -check, fail only if a difference can break programs")
	flags.StringVar(&s.fake, "fake", "", "write a description of the connector for agentstest.WithDocument to this `file`")
	flags.BoolVar(&s.strict, "strict", false, "write nothing if anything in the document is doubtful")
	flags.BoolVar(&s.verbose, "v", false, "report what is renamed, left out or has no type, how lists have pages, and all that is doubtful")
	return flags
}

// parse reads the command line. Flags may also stand after the file.
func parse(args []string) (*settings, error) {
	s := &settings{}
	var entities string
	flags := newFlags(s, &entities)
	var rest []string
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, fmt.Errorf("%w; %s", err, usage)
		}
		if args = flags.Args(); len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name := range strings.SplitSeq(entities, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(s.entities, name) {
			s.entities = append(s.entities, name)
		}
	}
	switch {
	case len(rest) > 1:
		return nil, fmt.Errorf("one document at a time, not %d; %s", len(rest), usage)
	case len(rest) == 1 && given["connector"]:
		return nil, errors.New("either name a document, or a connector with -connector; " + usage)
	case given["connector"] && strings.TrimSpace(s.connector) == "":
		return nil, errors.New("-connector names no connector")
	case len(rest) == 0 && !given["connector"]:
		return nil, errors.New("name the document of a connector, or a connector with -connector; " + usage)
	case given["entities"] && len(s.entities) == 0:
		return nil, errors.New("-entities names no entity; leave it out for all")
	case given["package"] && !usableName(s.name):
		return nil, fmt.Errorf("-package %q is no name for a package: take lower-case letters and digits, not a word of Go, nor main", s.name)
	case given["o"] && s.dir == "", given["fake"] && s.fake == "":
		return nil, errors.New("-o or -fake has no value")
	case s.breaking && !s.check:
		return nil, errors.New("-breaking goes with -check")
	case s.dir == "" && s.fake == "":
		return nil, errors.New("name the folder of the package with -o")
	}
	if len(rest) > 0 {
		s.file = rest[0]
	}
	return s, nil
}

// load makes the package of the document.
func load(s *settings) (*model.Package, error) {
	if s.connector != "" {
		return ask(s.connector)
	}
	file, err := os.Open(s.file)
	if err != nil {
		return nil, fmt.Errorf("the document cannot be read: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, document.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("the document cannot be read: %w", err)
	}
	d, err := document.Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used: %w", s.file, err)
	}
	if err := surelyWrong(d); err != nil {
		return nil, fmt.Errorf("%s cannot be used: %w", s.file, err)
	}
	p := model.Build(d)
	var lacks string
	switch {
	case d.Slug == "":
		lacks = "does not say which connector it is of: add x-airbyte-connector-name to its info"
	case len(p.Entities) == 0:
		lacks = "has no entities: no operation has x-airbyte-entity and x-airbyte-action"
	default:
		return p, nil
	}
	if doubts, _ := emit.Doubts(p); len(doubts) > 0 {
		lacks += "; " + doubts[0]
	}
	return nil, fmt.Errorf("%s %s", s.file, lacks)
}

// surelyWrong returns an error if something in a document is wrong for sure. Who has the
// file can mend it; what the service gives is taken as it is.
func surelyWrong(d *document.Document) error {
	var first string
	n := 0
	for _, note := range d.Notes {
		if note.Level == document.Wrong {
			if n++; n == 1 {
				first = note.Text
			}
		}
	}
	switch {
	case n > 1:
		return fmt.Errorf("%s (and %d more keys do)", first, n-1)
	case n == 1:
		return errors.New(first)
	}
	return nil
}

// summary says what was written.
func summary(s *settings, p *model.Package, files int) string {
	actions, entities := 0, emit.Reached(p, s.entities).Entities
	for _, e := range entities {
		actions += len(e.Actions)
	}
	text := fmt.Sprintf("%s, for the connector %s: %s, %s", s.fake, p.Slug, count(len(entities), "entity"), count(actions, "action"))
	if s.dir != "" {
		text = fmt.Sprintf("package %s in %s, for the connector %s: %s, %s, %s", s.name, s.dir, p.Slug, count(len(entities), "entity"), count(actions, "action"), count(files, "file"))
	}
	if left := len(p.Entities) - len(entities); left > 0 {
		text += fmt.Sprintf("; %s not asked for", count(left, "entity"))
	}
	if p.LeftOut > 0 {
		text += fmt.Sprintf("; %s left out", count(p.LeftOut, "operation"))
		if !s.verbose {
			text += " (-v lists them)"
		}
	}
	return text
}

// count returns a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		thing = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// known returns an error if an entity is not one of the package.
func known(p *model.Package, entities []string) error {
	var all []string
	for _, e := range p.Entities {
		all = append(all, e.Wire)
	}
	for _, name := range entities {
		if !slices.Contains(all, name) {
			return fmt.Errorf("-entities: there is no entity %q; there are %s", name, strings.Join(all, ", "))
		}
	}
	return nil
}

// packageName returns the name of the package for a slug: the slug without punctuation.
func packageName(slug string) (string, error) {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, slug)
	if !usableName(name) {
		return "", fmt.Errorf("the connector's slug %q makes no name for a package: name the package with -package", slug)
	}
	return name, nil
}

// usableName reports whether a package can have a name, and be imported.
func usableName(name string) bool {
	for i, r := range name {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	reserved := []string{"", "main", "documentation"} // Go ignores the last one
	return token.IsIdentifier(name) && !slices.Contains(reserved, name) && !strings.HasSuffix(name, "_test") && len(name) <= 100
}

// lineEnds are the ends of lines that have no punctuation.
var lineEnds = regexp.MustCompile(`([^:;.,\s])\s*\n\s*`)

// oneLine keeps what documents say from looking like something else on a terminal, and
// errors in one line.
func oneLine(text string) string {
	text = lineEnds.ReplaceAllString(text, "$1; ")
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }), " ")
}

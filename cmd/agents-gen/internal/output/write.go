// Package output brings generated files into a folder, and compares them with those
// that are there. It replaces and removes only files that begin with the generator's
// header, follows no links, and leaves the folder as it was if something is in the way.
package output

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/emit"
)

// A folder is a folder with generated files.
type folder struct {
	path string
	root *os.Root          // nil if it does not exist
	own  map[string][]byte // the files in it that the generator wrote
}

// open reads what is in a folder, which need not exist.
func open(path string) (*folder, error) {
	f := &folder{path: path, own: map[string][]byte{}}
	root, err := os.OpenRoot(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("the folder of -o cannot be opened: %w", err)
	}
	f.root = root
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".gen.go") {
			continue
		}
		data, err := read(root, e.Name())
		if err != nil {
			return nil, errors.Join(err, root.Close())
		}
		if ours(data) {
			f.own[e.Name()] = data
		}
	}
	return f, nil
}

func (f *folder) close() {
	if f.root != nil {
		_ = f.root.Close()
	}
}

// maxFile is how much of a file is read to compare it.
const maxFile = 64 << 20

func read(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(file, maxFile))
}

// ours reports whether a file begins with the header.
func ours(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))) == emit.Header
}

// inTheWay returns an error if there is something in the place of a file that the
// generator did not write.
func (f *folder) inTheWay(files []emit.File) error {
	if f.root == nil {
		return nil
	}
	for _, file := range files {
		if _, ok := f.own[file.Name]; ok {
			continue
		}
		if _, err := f.root.Lstat(file.Name); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is in the way: agents-gen did not write it; move it away, or choose another folder with -o", filepath.Join(f.path, file.Name))
		}
	}
	return f.strangers(files)
}

// strangers returns an error if the folder has Go files of another package: Go builds
// no folder with two.
func (f *folder) strangers(files []emit.File) error {
	want := packageOf(files[0].Data)
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if _, ours := f.own[name]; ours || !e.Type().IsRegular() || !strings.HasSuffix(name, ".go") {
			continue
		}
		data, err := read(f.root, name)
		if err != nil {
			return err
		}
		ctx := build.Default // with it, Go decides whether the file is part of the package
		ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		if built, err := ctx.MatchFile("", name); err != nil || !built {
			continue
		}
		other := packageOf(data)
		if strings.HasSuffix(name, "_test.go") {
			other = strings.TrimSuffix(other, "_test") // a test may be outside of the package
		}
		if other != "" && other != want && other != "documentation" {
			mend := "choose another folder with -o"
			if other != "main" {
				mend += ", or the name of that package with -package"
			}
			return fmt.Errorf("%s is of package %s, and Go allows no package %s beside it: %s", filepath.Join(f.path, name), other, want, mend)
		}
	}
	return nil
}

// packageOf returns the name of the package that a file is of, "" if it is no Go.
func packageOf(data []byte) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", data, parser.PackageClauseOnly)
	if err != nil {
		return ""
	}
	return file.Name.Name
}

// Write writes files into a folder and removes those that the generator wrote before
// and that are not among them. Either all of this happens or, unless the disk fails in
// between, nothing.
func Write(path string, files []emit.File) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	defer func() { f.close() }()
	if err := f.inTheWay(files); err != nil {
		return err
	}
	if f.root == nil {
		if err := os.MkdirAll(path, 0o777); err != nil { //nolint:gosec // source code, as the umask of the user has it
			return fmt.Errorf("the folder of -o cannot be made: %w", err)
		}
		if f.root, err = os.OpenRoot(path); err != nil {
			return fmt.Errorf("the folder of -o cannot be opened: %w", err)
		}
	}
	temporary := map[string]string{}
	defer func() {
		for _, name := range temporary {
			_ = f.root.Remove(name)
		}
	}()
	for _, file := range files {
		if bytes.Equal(f.own[file.Name], file.Data) {
			continue
		}
		name := ".agents-gen-" + rand.Text() + ".tmp"
		temporary[file.Name] = name
		if err := f.root.WriteFile(name, file.Data, 0o666); err != nil {
			return fmt.Errorf("%s cannot be written: %w", filepath.Join(path, file.Name), err)
		}
	}
	for _, file := range files {
		if name, ok := temporary[file.Name]; ok {
			if err := f.root.Rename(name, file.Name); err != nil {
				return fmt.Errorf("%s cannot be written: %w", filepath.Join(path, file.Name), err)
			}
			delete(temporary, file.Name)
		}
	}
	for name := range f.own {
		if !contains(files, name) {
			if err := f.root.Remove(name); err != nil {
				return fmt.Errorf("%s cannot be removed: %w", filepath.Join(path, name), err)
			}
		}
	}
	return nil
}

func contains(files []emit.File, name string) bool {
	return slices.ContainsFunc(files, func(f emit.File) bool { return f.Name == name })
}

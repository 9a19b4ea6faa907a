package output

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Description is a file for package agentstest.
type Description struct {
	path string
	data []byte
	old  []byte
}

// opening is how every description begins.
var opening = []byte("{\n \"generator\": \"agents-gen\",")

// OpenDescription prepares a description. It returns an error if there is something in
// its place that the generator did not write.
func OpenDescription(path string, data []byte) (*Description, error) {
	d := &Description{path: path, data: data}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d, nil
	case err != nil:
		return nil, fmt.Errorf("the file of -fake cannot be read: %w", err)
	case info.Mode().IsRegular():
		if d.old, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("the file of -fake cannot be read: %w", err)
		}
	}
	if !bytes.HasPrefix(d.old, opening) {
		return nil, fmt.Errorf("%s is in the way: agents-gen did not write it; move it away, or name another file with -fake", path)
	}
	return d, nil
}

// Differs reports whether the file is not there as it would be written. It may be
// called on nil.
func (d *Description) Differs() bool { return d != nil && !bytes.Equal(d.old, d.data) }

// Write writes the file, or nothing if that is not possible. It may be called on nil.
func (d *Description) Write() error {
	if !d.Differs() {
		return nil
	}
	dir := filepath.Dir(d.path)
	if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // as the umask of the user has it
		return fmt.Errorf("the folder of -fake cannot be made: %w", err)
	}
	temporary := filepath.Join(dir, ".agents-gen-"+rand.Text()+".tmp")
	err := os.WriteFile(temporary, d.data, 0o666) //nolint:gosec // for others, too, as the umask of the user has it
	if err == nil {
		err = os.Rename(temporary, d.path)
	}
	if err != nil {
		_ = os.Remove(temporary)
		return fmt.Errorf("the file of -fake cannot be written: %w", err)
	}
	return nil
}

package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mount mounts something on a path for the time of the test, or skips it.
func mount(t *testing.T, source, path, kind string, flags uintptr, data string) {
	t.Helper()
	if err := syscall.Mount(source, path, kind, flags, data); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(path, syscall.MNT_DETACH) })
}

// On a full disk, the old file is left as it was.
func TestSaveOntoAFullDisk(t *testing.T) {
	dir := t.TempDir()
	mount(t, "none", dir, "tmpfs", 0, "size=64k")
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := mustDownload(t, large()).Save(path)
	if n != 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d, %v", n, err)
	}
	wantAdvice(t, err, path, "no space left")
	wantContent(t, path, "old")
	wantDir(t, dir, "f")
}

// A file that is a mount of its own, as docker run -v makes one, cannot be replaced.
func TestSaveOntoAMount(t *testing.T) {
	dir := t.TempDir()
	path, source := filepath.Join(dir, "f"), filepath.Join(t.TempDir(), "source")
	for _, name := range []string{path, source} {
		if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mount(t, source, path, "", syscall.MS_BIND, "")
	n, err := mustDownload(t, file("new")).Save(path)
	if n != 0 || !errors.Is(err, syscall.EBUSY) {
		t.Errorf("%d, %v", n, err)
	}
	wantAdvice(t, err, path, "mount", "io.Copy")
	wantContent(t, path, "old")
	wantDir(t, dir, "f")
}

// Where nothing can be created, a file that is there can still be written by hand.
func TestSaveIntoAReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	mount(t, dir, dir, "", syscall.MS_BIND, "")
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("it cannot be made read-only: %v", err)
	}
	_, err := mustDownload(t, file("new")).Save(path)
	if !errors.Is(err, syscall.EROFS) {
		t.Error(err)
	}
	wantAdvice(t, err, path, "creates a new file in its directory", "io.Copy")
	wantContent(t, path, "old")
	_, err = mustDownload(t, file("new")).Save(filepath.Join(dir, "new"))
	wantAdvice(t, err, filepath.Join(dir, "new"), "read-only")
}

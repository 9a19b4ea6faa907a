package client

import (
	"os"
	"testing"
)

// Lanes returns how many keys a gate knows.
func Lanes(g Gate) int { return len(g.(*gate).lanes) }

// OnSync makes Save call f where it would sync a file, for the time of the test.
func OnSync(t *testing.T, f func(*os.File) error) {
	before := syncFile
	syncFile = f
	t.Cleanup(func() { syncFile = before })
}

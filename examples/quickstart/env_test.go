package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain removes credentials from the environment, so that the test uses the
// in-memory service.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AIRBYTE_") {
			_ = os.Unsetenv(name)
		}
	}
	m.Run()
}

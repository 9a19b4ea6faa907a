package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain takes credentials out of the environment: the test is about the
// service in memory.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AIRBYTE_") {
			_ = os.Unsetenv(name)
		}
	}
	m.Run()
}

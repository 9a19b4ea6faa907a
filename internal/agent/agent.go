// Package agent names the SDK to the service, in the User-Agent header.
package agent

import (
	"runtime"
	"runtime/debug"
	"sync"
)

const module = "github.com/airbyte-agents/airbyte-agents-go"

// Name is the SDK, its version where the build tells, and Go's.
var Name = sync.OnceValue(func() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && m.Version != "" && m.Version != "(devel)" {
				version = m.Version
			}
		}
	}
	return "airbyte-agents-go/" + version + " (" + runtime.Version() + ")"
})

// Package agent provides the User-Agent of the SDK.
package agent

import (
	"runtime"
	"runtime/debug"
	"sync"
)

const module = "github.com/airbyte-agents/airbyte-agents-go"

// Name returns the name and version of the SDK and the version of Go. The
// version of the SDK is "dev" if the build information does not contain one.
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

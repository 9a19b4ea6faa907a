// Package agent provides the User-Agent of the SDK.
package agent

import "runtime"

// Version is the version of the SDK: that of the last release in CHANGELOG.md, or
// "dev" before the first. It is a constant because reading it from the build
// information of the program, with runtime/debug, adds 6 KB to every program.
const Version = "dev"

// Name is the name and version of the SDK and the version of Go.
func Name() string { return "airbyte-agents-go/" + Version + " (" + runtime.Version() + ")" }

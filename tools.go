//go:build tools

package agents

// This import pins the code generator in go.mod. No package of the module
// imports this package, so the generator and its dependencies do not reach the
// programs and the go.mod files of users.
import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"

//go:build tools

package agents

// The code generator is pinned in go.mod by this import. No package of the
// module imports this one, so the generator and what it needs stay out of the
// programs and the go.mod files of users.
import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"

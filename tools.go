//go:build tools

// Package tools pins the code generator in go.mod. No package of the module
// imports it, so the generator and what it needs stay out of the programs and
// the go.mod files of users.
package tools

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"

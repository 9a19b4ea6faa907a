// Package openapi holds the contract of the Airbyte Agents API as the SDK uses
// it: an OpenAPI 3.1 document, in YAML, from which package gen and the fake
// service of package agentstest are generated.
//
// The SDK itself does not need the document to run and does not import this
// package; it is there for tools that read such documents.
package openapi

import (
	_ "embed"
	"slices"
)

//go:embed agents.yaml
var document []byte

// Document returns the contract. The caller may change what it gets.
func Document() []byte { return slices.Clone(document) }

// Package openapi contains the contract of the Airbyte Agents API, as used by
// the SDK. The contract is an OpenAPI 3.1 document in YAML. Package gen and the
// server interface of package agentstest are generated from it.
//
// The SDK does not need the document at run time and does not import this
// package. It is intended for tools that read OpenAPI documents.
package openapi

import (
	_ "embed"
	"slices"
)

//go:embed agents.yaml
var document []byte

// Document returns a copy of the contract, which the caller may modify.
func Document() []byte { return slices.Clone(document) }

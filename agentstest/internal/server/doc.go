// Package server is the service's side of the contract, generated from
// openapi/agents.yaml: the interface that package agentstest implements, the
// routing to it, and types for what arrives and what is answered.
//
// Implementing [StrictServerInterface] is what keeps the fake complete: an
// operation that the contract gains and the fake lacks does not compile.
//
// "go generate" at the root of the module rebuilds server.gen.go; nullable.go
// is written by hand.
package server

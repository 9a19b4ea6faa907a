// Package server is the service's side of the contract, generated from
// openapi/agents.yaml: the interface that package agentstest implements, the
// routes to it, and the types of requests and responses.
//
// Package agentstest implements [StrictServerInterface], so it does not compile
// if the contract gains an operation that it lacks.
//
// Run "go generate" at the root of the module to rebuild server.gen.go. The file
// nullable.go is written by hand.
package server

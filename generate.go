// Package agents is the root of the module. It contains no code, only the
// directives with which "go generate ./..." rebuilds the generated parts of
// packages gen, client and agentstest from openapi/agents.yaml.
//
// Programs import [github.com/airbyte-agents/airbyte-agents-go/client].
package agents

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config openapi/types.cfg.yaml openapi/agents.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config openapi/client.cfg.yaml openapi/agents.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config openapi/server.cfg.yaml openapi/agents.yaml
//go:generate go run ./internal/operations

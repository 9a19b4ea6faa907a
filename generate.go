// Package agents is the root of the module and holds no code. It is where
// "go generate ./..." rebuilds, from openapi/agents.yaml, the generated parts
// of packages gen and agentstest.
//
// Programs import [github.com/airbyte-agents/airbyte-agents-go/client].
package agents

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config openapi/types.cfg.yaml openapi/agents.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config openapi/client.cfg.yaml openapi/agents.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config openapi/server.cfg.yaml openapi/agents.yaml

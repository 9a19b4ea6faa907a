module github.com/airbyte-agents/airbyte-agents-go/examples/fleet

go 1.26.0

require (
	github.com/airbyte-agents/airbyte-agents-go v0.0.0
	github.com/airbyte-agents/airbyte-agents-go/fleet v0.0.0
	github.com/valkey-io/valkey-go v1.0.79
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

package main

func Example() {
	main()
	// Output:
	// auth: no credentials: client_id and client_secret are missing; looked at:
	//   options: client_id is not given, client_secret is not given
	//   auth.Configure: not called
	//   environment: AIRBYTE_CLIENT_ID is not set, AIRBYTE_CLIENT_SECRET is not set
	// To fix it, set AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, call auth.Configure, or pass client.WithCredentials. They are the credentials of your Airbyte application, not those of a connector. Without an account, run a service in memory: go run github.com/airbyte-agents/airbyte-agents-go/agentstest/cmd/agents-sandbox@latest
	// auth.Credentials{client_id:"from-environment" (environment), client_secret:[REDACTED] (environment), organization_id:"", workspace_name:"acme" (environment)}
	// auth.Credentials{client_id:"from-configure" (configure), client_secret:[REDACTED] (configure), organization_id:"", workspace_name:"acme" (environment)}
	// auth.Credentials{client_id:"from-option" (option), client_secret:[REDACTED] (option), organization_id:"", workspace_name:"acme" (environment)}
}

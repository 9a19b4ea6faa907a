// Package agentsmcp serves the tools of package agenttools to clients of the Model
// Context Protocol, such as assistants and editors.
//
// The command agents-mcp is the server for one workspace, over stdio or HTTP. A program
// that has many tenants serves them with [Handler]; one that speaks another transport
// takes the server from [NewServer].
//
// Both eras of the protocol are served: the one with sessions, up to version 2025-11-25,
// and the stateless one from version 2026-07-28 on. In both, cancelling a call cancels
// its request to the service, and [Confirm] has the client ask its user before a write.
//
// Besides the tools, there are the resources airbyte://docs/{connector} and
// airbyte://docs/{connector}/{section}, which are the documentation of a connector, and
// the prompt explore. The list of resources has the documentation of each connector that
// is allowed.
package agentsmcp

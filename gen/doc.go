// Package gen contains the types of the Airbyte Agents API and a raw client for
// it, generated from openapi/agents.yaml. Most programs use package
// [github.com/airbyte-agents/airbyte-agents-go/client] instead, which adds
// credentials, token refresh, retries, paging and readable errors. Its method
// API gives access to everything in this package.
//
// # The raw client
//
// [ClientWithResponses] has a method for each operation of the contract, named
// after its operationId. A method sends one request and reads the whole
// response. It returns an error only if there is no response or if the response
// cannot be read. A response with an error status is not an error, so check
// StatusCode or the JSON fields of the response:
//
//	resp, err := api.GetWorkspaceWithResponse(ctx, id, nil)
//	if err != nil {
//		return err
//	}
//	if resp.JSON200 == nil {
//		return fmt.Errorf("get workspace: %s", resp.Status())
//	}
//
// The methods of [Client] return a plain [net/http.Response] instead, for
// responses that are large or not JSON, such as downloads. Neither client
// limits the size of a response or sets a timeout. The HTTP client that it is
// created with can do both, and that of package client does.
//
// # Types
//
//   - A nil pointer, slice or map is left out of a request. An empty slice or
//     map is sent in a [ConnectorCreateRequest] and in an [ExecuteRequest].
//   - The types of changes have fields of type [Nullable], which distinguishes
//     between a field that is left out, null and a value.
//   - IDs are strings and enumerations are string types. Values that the
//     contract does not contain are accepted; the method Valid of an enumeration
//     reports whether a value is known.
//   - [ExecuteResult] keeps result and connector_metadata as raw JSON, so that
//     the caller can decode them once, into its own types.
//   - A union, such as [ConnectionTemplate], holds a value of one of several
//     types. Its As methods return the value and its From methods set it. If the
//     contract tells the types apart by a field, the method ValueByDiscriminator
//     returns the value as the type of that field.
//
// # Secrets
//
// In this package, secrets are plain strings and maps: ClientSecret of
// [TokenRequest], AccessToken of [Token], Token of [ScopedToken] and
// [WidgetToken], Credentials of [ConnectorCreateRequest], Configuration of
// [OAuthCredentialsRequest], and any secrets in other configurations. Printing,
// logging or marshaling such a value shows them. Packages auth and client use
// a type that hides secrets. Only an [ExecutionBundle], which nobody would expect to
// contain secrets, does not show them when it is printed.
//
// # Stability
//
// Names come from the operationIds and the schema names of the contract, and
// change only in a major release of the module. Fields, methods and types may be
// added in any release. Package client promises more.
//
// # Generation
//
// "go generate" in the root of the module rebuilds the files named *.gen.go,
// which are never edited. The other files are written by hand.
package gen

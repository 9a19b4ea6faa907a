// Package gen holds the types of the Airbyte Agents API and a raw client for
// it, generated from openapi/agents.yaml. Most programs want package
// [github.com/airbyte-agents/airbyte-agents-go/client] instead, which adds
// credentials, token refresh, retries, paging and readable errors, and whose
// method API gives access to everything here.
//
// # The raw client
//
// [ClientWithResponses] has a method for each operation of the contract, named
// after its operationId. A method sends one request and reads the whole answer.
// Its error tells that no answer could be had or read; an answer with an error
// status is none, so look at StatusCode or at the JSON fields of the response:
//
//	resp, err := api.GetWorkspaceWithResponse(ctx, id, nil)
//	if err != nil {
//		return err
//	}
//	if resp.JSON200 == nil {
//		return fmt.Errorf("get workspace: %s", resp.Status())
//	}
//
// The methods of [Client] give the bare [net/http.Response] instead, for
// answers that are large or no JSON, such as downloads. Neither has a limit on
// the size of an answer or a timeout of its own, unless the HTTP client given
// to it has, as that of package client does.
//
// # Types
//
//   - A pointer, slice or map that is nil is left out of a request. In
//     [ConnectorCreateRequest] and [ExecuteRequest] an empty slice or map is sent.
//   - Changes have fields of type [Nullable], where leaving out, null and a
//     value are three things.
//   - IDs are strings and enumerations are string types, and values that the
//     contract does not know are accepted: ask Valid of an enumeration.
//   - [ExecuteResult] keeps result and connector_metadata as raw JSON, to be
//     decoded once into types of the caller.
//   - A union, such as [ConnectionTemplate], holds one of several types: As
//     methods read it, From methods set it and, where the contract tells the
//     types apart by a field, ValueByDiscriminator finds the right one.
//
// # Secrets
//
// Secrets are plain strings and maps here: ClientSecret of [TokenRequest],
// AccessToken of [Token], Token of [ScopedToken] and [WidgetToken], Credentials
// of [ConnectorCreateRequest], Configuration of [OAuthCredentialsRequest], and
// what configurations may hold. Printing, logging or marshalling such a value
// shows them. The packages above wrap secrets in a type that hides them.
//
// # Stability
//
// Names follow the contract. They stay as long as the contract does, and may
// change in a minor release of the module when the service changes; fields and
// types may be added at any time. Package client promises more.
//
// # Generation
//
// "go generate" at the root of the module rebuilds the files named *.gen.go;
// they are never edited. This file and nullable.go are written by hand.
package gen

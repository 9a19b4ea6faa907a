// Package client gives Go programs access to Airbyte Agents: to workspaces, to the
// connectors in them, and to the business systems behind the connectors.
//
//	github, err := client.Connect(ctx, "github")
//	if err != nil {
//		return err
//	}
//	for issue, err := range client.All[Issue](ctx, github, "issues", "list", client.Params{"per_page": 10}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(issue.Title)
//	}
//
// [New] returns a [Client], [Client.Workspace] a [Workspace], and
// [Workspace.Connector] a [Connector]; [NewWorkspace] and [Connect] are shortcuts. A
// connector runs actions, such as list, on entities, such as issues. [Execute] decodes
// the result of one action, [All] iterates over the records of all pages, [Search]
// queries the context store, and [Connector.Download] streams a file.
//
// # Credentials
//
// A client needs the client ID and the client secret of an Airbyte application. It
// looks for each of them in its options, then in what [auth.Configure] was given, then
// in the environment (AIRBYTE_CLIENT_ID, AIRBYTE_CLIENT_SECRET). It exchanges them for
// short-lived tokens and refreshes these in the background. The clients of a process
// that have the same credentials, organization, address and HTTP transport share one
// token.
//
// These are not the credentials of a connector, such as a GitHub token, which are given
// once, to [Workspace.CreateConnector].
//
// # The rest of the service
//
// [Client.Definitions], [Client.SourceTemplates], [Client.ConnectionTemplates],
// [Client.OAuthApps], [Client.Skills] and [Workspace.Workflows] group the calls that
// are not about connectors. In a change, such as a [WorkspaceChange], a zero field
// leaves the value unchanged, and a [Nullable] field can also be set to null.
// Enumerations are string types whose constants are the values known today; the service
// may send others. [Client.API] has every operation of the service's HTTP interface.
//
// # Errors
//
// Everything that the service or the network refuses is an [*Error]. Use errors.Is to
// find its kind ([ErrNotFound], [ErrRateLimited], [ErrExecution] and so on) and
// errors.As to read its fields, such as [Error.Retryable].
//
// # Retries and time limits
//
// Reads (GET requests, and the actions for which [IsRead] is true) are retried after a
// network error and after status 408, 429, 502, 503 and 504; twice by default, see
// [WithMaxRetries]. Writes are retried only after 429 and when no connection could be
// made, so that no write happens twice. Pauses grow exponentially, with full jitter.
// Retry-After is honored up to 60 seconds ([WithMaxRetryAfter]), and if the deadline of the ctx allows it;
// otherwise the call fails at once and [Error.RetryAfter] has the time to wait.
//
// Each client has a budget of retries, so that they do not make an outage worse: it
// starts at 100, and every ten calls add one, up to 100. These rules may be refined in
// minor releases.
//
// An attempt may take 2 minutes ([WithAttemptTimeout]). A whole call is limited by its
// ctx, and by [WithTimeout] if the ctx has no deadline. Downloads may take any time.
//
// # JSON
//
// Records are decoded by the rules of encoding/json/v2: member names match exactly,
// including their case, and null sets a zero value. Duplicate names (the last one wins)
// and invalid UTF-8 are accepted, because vendors send both. json.Number and
// [time.Duration] (in nanoseconds) are decoded as by encoding/json. In a
// map[string]any, numbers become float64 unless [WithUseNumber] is given.
//
// # Concurrency
//
// Everything is safe for concurrent use unless its documentation says otherwise. Only a
// [Download] must be closed; the Close methods of [Workspace] and [Connector] do
// nothing.
package client

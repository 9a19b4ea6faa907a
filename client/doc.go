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
// # Where to begin
//
// Most programs need a dozen types. In the order in which one meets them:
//
//   - [Client], from [New], has the credentials of a program, which an [Option] can set
//   - [Workspace], from [NewWorkspace] or [Client.Workspace], holds the connectors of a
//     team or of a customer
//   - [Connector], from [Connect] or [Workspace.Connector], runs actions, such as list,
//     on entities, such as issues
//   - [Params] are the parameters of an action; an [ExecuteOption] changes how it is run
//   - [Result], from [Connector.Execute], is what an action returns, and its [Page] says
//     whether there is more; [Execute] decodes it, and [All] iterates over the records of
//     all pages; a [CursorSealer] gives the next page to a browser
//   - [Query], with a [Filter] from [Where], is what [Search] looks for in the context
//     store, where the service keeps copies of records; [SearchByMeaning] finds a [Hit]
//   - [Download], from [Connector.Download], is a file
//   - [Error] says what went wrong, and [RecordError] which record does not fit its type
//
// # Where the rest is
//
//   - Connectors: [Workspace.ListConnectors] returns a [ConnectorInfo] for each,
//     [Connector.Details] the [ConnectorDetails] of one; [Workspace.CreateConnector] and
//     [Workspace.EnsureConnector] take a [CreateConnectorRequest], [Workspace.StartOAuth]
//     an [OAuthRequest]; [Connector.Update], [Connector.Check], [Connector.Delete]
//   - What a connector can do: [Connector.Inspect] returns an [Inspection],
//     [Connector.Docs] the [Docs] for agents, [Connector.Describe] its [Description]
//   - Workspaces: [Client.Workspaces] yields a [WorkspaceInfo] for each; [Workspace.Ensure],
//     [Workspace.Update], [Workspace.Delete]; [WithScopedToken], [Workspace.ScopedToken] and
//     [Workspace.WidgetToken] give access to one only
//   - Observation: [WithLogger], [WithAttemptObserver] with an [Attempt],
//     [WithTokenObserver]
//   - Administration of an organization, each a group of calls: [Definitions],
//     [SourceTemplates], [ConnectionTemplates], [OAuthApps], [Skills], [Workflows] and
//     [Automations]; [Client.Organizations] and [Client.ContextStores]
//   - Many processes: [WithTokenStore] and [WithGate] let them share tokens and pauses
//   - Every operation of the HTTP interface as it is: [Client.API]
//   - What agents-gen generates calls an [Action], with [ListOf], [AllOf], [ValueOf],
//     [SearchOf], [DecodeRows] and [MarshalFields]; its records have a [Time]
//   - Package auth has credentials and tokens, package agenttools makes connectors tools
//     for a model, and package agentstest is a service for tests
//
// # Names
//
// Of a workspace and of a connector, lists have an Info; what the service says only about
// one thing alone is in its Details. A Request says what is created, a Change what is
// changed: its zero fields leave things unchanged, and a [Nullable] field can also be set to
// null. A Filter says what a list returns, and the zero filter selects all. Enumerations
// are string types whose constants are the values known today; the service may send others.
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
// # Errors
//
// Everything that the service or the network refuses is an [*Error]. Use errors.Is to
// find its kind ([ErrNotFound], [ErrRateLimited], [ErrExecution] and so on) and
// errors.As to read its fields, such as [Error.Retryable]. A server that passes an error on
// to its own callers gets the status for it from [HTTPStatus].
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
// ctx, and by [WithTimeout] if the ctx has no deadline. Downloads may take any time, as
// long as bytes come.
//
// # JSON
//
// Records are decoded by the rules of encoding/json/v2: member names match exactly,
// including their case, null sets a zero value, and an array must have the length of the
// Go array and a struct no two fields of one name. A record is refused, as a
// [RecordError], if only the case of a name keeps it from a field that has no tag. A byte
// order mark, duplicate names and
// invalid UTF-8 are accepted, because vendors send them. Of two members with one name,
// the last one wins; as with encoding/json, structs and maps within a struct get the
// members of both. json.Number and [time.Duration] (in nanoseconds) are decoded as by
// encoding/json. In a map[string]any, numbers become float64 unless [WithUseNumber] is
// given.
//
// # Concurrency
//
// Everything is safe for concurrent use unless its documentation says otherwise. Only a
// [Download] must be closed.
package client

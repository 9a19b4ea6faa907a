// Package client is what a program uses Airbyte Agents with: workspaces, the
// connectors in them, and what those connectors can do.
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
// # Credentials
//
// A client needs the client id and the secret of an Airbyte application, and
// finds them in its options, in auth.Configure, or in the environment
// (AIRBYTE_CLIENT_ID, AIRBYTE_CLIENT_SECRET), in this order. It trades them for
// tokens and keeps these fresh; callers never see one. They are not the
// credentials of a connector, which are given once, to
// [Workspace.CreateConnector].
//
// # The rest of the service
//
// Beyond connectors and what they do, a [Client] has [Client.Definitions],
// [Client.SourceTemplates], [Client.ConnectionTemplates], [Client.OAuthApps] and
// [Client.Skills], a [Workspace] has [Workspace.Workflows]. In the body of a
// change, a zero field stays as it is; where null means something, the field is
// [Nullable]. Enumerations are strings whose constants are those known today.
// [Client.API] has every operation as the contract has it.
//
// # Errors
//
// What the service or the network refuses is an [*Error]. errors.Is tells its
// kind ([ErrNotFound], [ErrRateLimited], [ErrExecution]…), errors.As gives the
// rest.
//
// # Retries
//
// Reads (GET, and executions of list, get, search, api_search,
// context_store_search, context_store_sql_query, describe and download) are
// sent again, twice by default, after a network error or status 408, 429, 502,
// 503 or 504. Writes are sent again only after 429, and when the connection was
// never made: no write happens twice. Pauses grow, with jitter, and Retry-After
// is honoured up to 60 seconds and within the ctx. In the long run a client
// sends at most one retry for every ten calls, so that an outage is not made
// worse. These rules may be refined in minor releases.
//
// # JSON
//
// Records are decoded by the rules of encoding/json/v2: the names of fields
// match exactly, case included, and null sets a zero value. Duplicate names
// (the last one wins) and invalid UTF-8 are accepted, as vendors send both.
// json.Number and time.Duration (nanoseconds) work as in encoding/json.
//
// # Concurrency
//
// Everything is safe for concurrent use unless it says otherwise. Nothing needs
// closing but a [Download]; the Close methods of [Workspace] and [Connector]
// are there for programs that want to be ready for types that do.
package client

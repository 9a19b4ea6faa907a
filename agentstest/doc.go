// Package agentstest is an Airbyte Agents service in memory, for tests, for
// examples and for a first run without an account.
//
// It is a stand-in, written for this SDK from what is known of the service's
// interface; it is not the service, and no part of it. It holds real state:
// tokens that expire and can be revoked, organizations and workspaces that are
// apart from each other, connectors that can be created, changed and deleted,
// and records that actions list, page by page in the manner of each vendor,
// search, change and delete. What it cannot do is reach a vendor. Where the
// service's behaviour is not known, the stand-in is strict: a request that it
// accepts should be one that the service accepts too.
//
// A test starts a server, and points at it whatever talks to the service:
//
//	fake := agentstest.NewServer()
//	defer fake.Close()
//	github, err := client.Connect(ctx, "github",
//		client.WithBaseURL(fake.URL),
//		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
//		client.WithOrganizationID(agentstest.OrganizationID),
//		client.WithWorkspaceName(agentstest.WorkspaceName))
//
// Give all of these, the organization and the workspace too: what is left out,
// package client looks for in the environment, and a developer who works with a
// real account has AIRBYTE_ORGANIZATION_ID or AIRBYTE_WORKSPACE set there. The
// test would then pass on one machine and fail on the next.
//
// Unless [WithoutSeed] says otherwise there is a small world already, the same
// in each run; see [WorkspaceName] and the other constants. [WithConnector]
// adds connectors with one's own records.
//
// [Service.Inject] scripts what goes wrong: errors, delays, answers that break
// off, for any request or for one action on one entity. A test that injects
// faults ends by asking [Service.PendingFaults] whether all were met.
// [Service.Count] and [Service.Requests] tell what was asked.
// [Service.RevokeTokens] and [Service.SetClientSecret] do what an administrator
// may do in the middle of the night.
//
// In a [testing/synctest] bubble, where there is no network, use [New] and
// [Service.Transport]: tokens then expire in the bubble's time, and pauses and
// delays take none. The folder examples/testing tests a small program so.
//
// The command agents-sandbox serves the same on a port, for programs in any
// language.
package agentstest

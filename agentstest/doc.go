// Package agentstest is an in-memory Airbyte Agents service for tests, for
// examples and for a first run without an account.
//
// It is a fake, written for this SDK from what is publicly known about the
// service. It has real state: tokens that expire and can be revoked,
// organizations and workspaces that do not see each other, connectors that can
// be created, changed and deleted, and records that actions can search, change,
// delete and list, page by page in the manner of each vendor. It contacts no
// vendor.
//
// A test starts a server and points its client at it:
//
//	fake := agentstest.NewServer()
//	defer fake.Close()
//	github, err := client.Connect(ctx, "github",
//		client.WithBaseURL(fake.URL),
//		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
//		client.WithOrganizationID(agentstest.OrganizationID),
//		client.WithWorkspaceName(agentstest.WorkspaceName))
//
// Set the organization and the workspace, too. Otherwise package client takes
// them from the environment, where a developer with an account may have set
// AIRBYTE_ORGANIZATION_ID and AIRBYTE_WORKSPACE, and a test that passes on one
// machine fails on another.
//
// In a [testing/synctest] bubble there is no network. Use [New] and
// [Service.Transport] there: tokens expire in the time of the bubble, and delays
// take no time. The folder examples/testing tests a small program in this way.
// The command agents-sandbox serves the same service on a port, for programs in
// any language.
//
// # Faults and requests
//
// [Service.Inject] makes requests fail: with an error, after a delay or in the
// middle of the response, for one operation or for one action on one entity. At
// its end, a test that injects faults should check that [Service.PendingFaults]
// returns 0, unless one has Times: -1, which is always pending. [Service.Count] and [Service.Requests] say which requests the
// service received. [Service.RevokeTokens] and [Service.SetClientSecret] do what
// administrators do. [Service.Reset] clears counters and the log of requests;
// [Service.ClearFaults] removes faults.
//
// # Strictness
//
// A program should not work with the fake and fail with the service. The fake
// therefore refuses what it does not know: unknown connectors, entities,
// actions, operators and cursors, values of a wrong type, and requests without a
// required field, such as get without the key of a record. It cannot judge what
// only a vendor knows: it ignores unknown fields of bodies and unknown parameters of
// queries, stores any fields that create and update send, and creates connectors with
// any credentials; [WithCredentialCheck] changes what a check of credentials returns. It
// ignores unknown parameters of actions, too, unless a document describes the connector;
// [WithStrictParams] makes it refuse them for all.
//
// # The seeded world
//
// Unless [WithoutSeed] is given, the service has the workspaces [WorkspaceName]
// and [SecondWorkspaceName] and these records, the same in every run. Each
// connector has its own copy. The column next is the parameter for the next page
// and the column indexed are the fields that a semantic search can look at.
//
//	connector        entity         records  next            indexed               actions
//	github           files                -  -               -                     download
//	github           issues              15  after           body, title           all
//	github           repositories         3  after           -                     read
//	github           users               12  after           -                     list, get
//	hubspot          companies            3  after           -                     all
//	hubspot          contacts            12  after           -                     all
//	salesforce       accounts            12  nextRecordsUrl  Name                  all
//	salesforce       opportunities        7  nextRecordsUrl  Name                  all
//	slack            channels             4  cursor          -                     all
//	slack            messages            12  cursor          text                  all
//	slack            users                6  cursor          real_name             all
//	stripe           charges             23  starting_after  -                     read
//	stripe           customers           12  starting_after  name                  all
//	stripe           invoices             4  starting_after  -                     all, download
//	zendesk-support  attachments          -  -               -                     download
//	zendesk-support  tickets             12  page            description, subject  all
//	zendesk-support  users                5  page            name                  all
//
// All actions are list, get, api_search, search, context_store_search,
// context_store_sql_query, create, update and delete; the first six of them read. The
// records that api_search finds are inside an object, in data. Records are found by id,
// the issues of github by number, and the records of salesforce by Id. The lists of
// salesforce take a query in SOQL as q, if it is only about Id and a LIMIT. These are the
// files, by the ID that download takes:
//
//	connector        entity       id          name
//	github           files        README.md   README.md
//	github           files        backup.tar  backup.tar, 8 MiB without a Content-Length
//	github           files        empty.txt   empty.txt, 0 bytes
//	github           files        logo.png    logo.png
//	stripe           invoices     in_0001     invoice-1001.pdf
//	stripe           invoices     in_0002     Rechnung für März.pdf
//	zendesk-support  attachments  7001        screenshot.txt, of ticket 101; see AttachmentID
//	zendesk-support  attachments  7002        log.txt, of ticket 108
//
// [WithConnector] adds connectors with records and files of your own, and
// [WithDocument] one with the actions, parameters, records and pages that a document
// describes.
package agentstest

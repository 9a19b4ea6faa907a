package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// An Issue has the fields of a GitHub issue that the examples use.
type Issue struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	State  string `json:"state"`
}

// sandbox returns an in-memory service and the options for using it. A program
// with an account needs neither: its credentials are in the environment.
func sandbox() (*agentstest.Server, []client.Option) {
	fake := agentstest.NewServer()
	return fake, []client.Option{client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)}
}

func Example() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()

	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	n := 0
	for issue, err := range client.All[Issue](ctx, github, "issues", "list", client.Params{"per_page": 10}) {
		if err != nil {
			log.Fatal(err)
		}
		if n++; n <= 2 {
			fmt.Println(issue.Number, issue.Title)
		}
	}
	fmt.Println(n, "issues")
	// Output:
	// 15 Timeouts are not configurable
	// 14 Show the request id in errors
	// 15 issues
}

func ExampleNewWorkspace() {
	fake, opts := sandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	connectors, err := ws.ListConnectors(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range connectors {
		fmt.Println(c.Slug)
	}
	// Output:
	// github
	// hubspot
	// salesforce
	// slack
	// stripe
	// zendesk-support
}

func ExampleConnect() {
	fake, opts := sandbox()
	defer fake.Close()
	// Case is ignored, and spaces, hyphens and underscores are equivalent.
	zendesk, err := client.Connect(context.Background(), "Zendesk Support", opts...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(zendesk.Slug())
	// Output: zendesk-support
}

func ExampleAll() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	// All requests only the pages that are needed.
	for issue, err := range client.All[Issue](ctx, github, "issues", "list", client.Params{"per_page": 5}) {
		if err != nil {
			log.Fatal(err)
		}
		if issue.State == "open" {
			fmt.Println(issue.Number, issue.Title)
			break
		}
	}
	// Output: 14 Show the request id in errors
}

func ExampleAll_records() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	type titled struct {
		Title int `json:"title"` // wrong: the title is a string
	}
	for _, err := range client.All[titled](ctx, github, "issues", "list", nil) {
		var record *client.RecordError
		if errors.As(err, &record) {
			fmt.Println("record", record.Index, "field", record.Field)
			break // or continue with the next record
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	// Output: record 0 field title
}

func ExampleRows() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	page, err := github.Execute(ctx, "issues", "list", client.Params{"per_page": 2})
	if err != nil {
		log.Fatal(err)
	}
	for issue, err := range client.Rows[Issue](page) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(issue.Number, issue.State)
	}
	fmt.Println("more:", page.Page().HasNext)
	// Output:
	// 15 closed
	// 14 open
	// more: true
}

// Pages are requested one at a time, for example by a tool that a model calls.
func ExampleResult_NextParams() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	stripe, err := client.Connect(ctx, "stripe", opts...)
	if err != nil {
		log.Fatal(err)
	}
	params := client.Params{"limit": 5}
	for params != nil {
		page, err := stripe.Execute(ctx, "customers", "list", params)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Data) > 0, params)
		if params, err = page.NextParams(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// true map[limit:5]
	// true map[limit:5 starting_after:cus_0005]
	// true map[limit:5 starting_after:cus_0010]
}

func ExampleConnector_Pages() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	stripe, err := client.Connect(ctx, "stripe", opts...)
	if err != nil {
		log.Fatal(err)
	}
	type customer struct {
		ID string `json:"id"`
	}
	saved := client.Params{"limit": 5} // or those of the last run, which failed
	for page, err := range stripe.Pages(ctx, "customers", "list", saved) {
		if err != nil {
			log.Fatal(err) // the next run goes on from saved
		}
		n := 0
		for _, err := range client.Rows[customer](page) {
			if err != nil {
				log.Fatal(err)
			}
			n++
		}
		if saved, err = page.NextParams(ctx); err != nil {
			log.Fatal(err)
		}
		fmt.Println(n, "records, next:", saved)
	}
	// Output:
	// 5 records, next: map[limit:5 starting_after:cus_0005]
	// 5 records, next: map[limit:5 starting_after:cus_0010]
	// 2 records, next: map[]
}

func ExampleWorkspace_ListConnectors() {
	fake, opts := sandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	connectors, err := ws.ListConnectors(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range connectors[:2] {
		fmt.Println(c.Slug, c.DisplayName)
	}
	// Output:
	// github GitHub
	// hubspot HubSpot
}

func ExampleExecute() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	issues, res, err := client.Execute[[]Issue](ctx, github, "issues", "list", client.Params{"per_page": 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(issues), issues[0].State, res.Page().HasNext)
	// Output: 2 closed true
}

func ExampleConnector_Execute() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	res, err := github.Execute(ctx, "issues", "list", client.Params{"per_page": 2}, client.WithSelectFields("number"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(res.Data))
	for issue, err := range client.Rows[Issue](res) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(issue.Number)
	}
	// Output:
	// [{"number":15},{"number":14}]
	// 15
	// 14
}

func ExampleSearch() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	query := client.Query{
		Filter: client.Or(client.Where("number").In(3, 4), client.Where("title").Contains("export")),
		Sort:   []client.SortKey{client.Ascending("number")},
	}
	for issue, err := range client.Search[Issue](ctx, github, "issues", query) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(issue.Number, issue.Title)
	}
	// Output:
	// 3 Document the retry policy
	// 4 Crash when the config file is empty
	// 5 Support pagination in the export
}

// A search by meaning finds passages of text, the best match first.
func ExampleSearchByMeaning() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	search := client.Semantic{Prompt: "timeouts should be configurable", Field: "title", PageSize: 1}
	for hit, err := range client.SearchByMeaning[Issue](ctx, github, "issues", search) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(hit.Record.Number, hit.Match.Context)
		break
	}
	// Output: 15 Timeouts are not configurable
}

// The in-memory service understands only queries like this one; the service runs any
// that reads.
func ExampleSQL() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	for issue, err := range client.SQL[Issue](ctx, github, "issues", "SELECT number, title FROM issues WHERE state = 'open' LIMIT 2") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(issue.Number, issue.Title)
	}
	// Output:
	// 14 Show the request id in errors
	// 13 Flaky test in the scheduler
}

func ExampleConnector_Download() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	fake.Inject(agentstest.Fault{
		Operation: "executeConnector", Status: http.StatusOK, Body: "month,sales\n",
		Header: http.Header{"Content-Type": {"text/csv"}, "Content-Disposition": {`attachment; filename="report.csv"`}},
	})
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	file, err := github.Download(ctx, "reports", client.Params{"id": 7})
	if err != nil {
		log.Fatal(err)
	}
	n, err := file.Save(filepath.Join(dir, file.Filename))
	fmt.Println(file.Filename, n, err)
	// Output: report.csv 12 <nil>
}

// A program may pass on each piece as it comes.
func ExampleConnector_DownloadPieces() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	zendesk, err := client.Connect(ctx, "zendesk-support", opts...)
	if err != nil {
		log.Fatal(err)
	}
	for piece, err := range zendesk.DownloadPieces(ctx, "attachments", client.Params{"attachment_id": agentstest.AttachmentID}, client.WithPieceSize(16)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d %q\n", piece.Offset, piece.Data)
	}
	// Output:
	// 0 "A picture says m"
	// 16 "ore than a thous"
	// 32 "and words.\n"
}

// A tool for a model returns one piece, and the offset of the next.
func ExampleConnector_DownloadPiece() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	piece, err := github.DownloadPiece(ctx, "files", client.Params{"file_id": "backup.tar"}, 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(piece.Data), piece.Next, piece.More)
	// Output: 49152 1097728 true
}

func ExampleError() {
	fake, opts := sandbox()
	defer fake.Close()
	_, err := client.Connect(context.Background(), "gitlab", opts...)
	var e *client.Error
	if errors.Is(err, client.ErrConnectorNotFound) && errors.As(err, &e) {
		fmt.Println(e.Message)
	}
	// Output: workspace "default" has no connector "gitlab"; it has github, hubspot, salesforce, slack, stripe, zendesk-support
}

func ExampleError_service() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	fake.Inject(agentstest.Fault{
		Operation: "executeConnector", Status: http.StatusUnprocessableEntity,
		Body: `{"message": "Invalid.", "errors": [{"field": "params.per_page", "message": "at most 100", "error_code": "too_large"}]}`,
	})
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	_, err = github.Execute(ctx, "issues", "list", client.Params{"per_page": 1000})
	var e *client.Error
	if errors.As(err, &e) && errors.Is(err, client.ErrInvalid) {
		for _, f := range e.Fields {
			fmt.Println(e.StatusCode, f.Field, f.Message)
		}
	}
	// Output: 422 params.per_page at most 100
}

// A server answers its own callers with a status that tells them what they can do.
func ExampleHTTPStatus() {
	fake, opts := sandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := c.Workspace(r.PathValue("tenant")).Connector(r.Context(), r.PathValue("slug"))
		w.WriteHeader(client.HTTPStatus(err))
	})
	mux := http.NewServeMux()
	mux.Handle("GET /{tenant}/{slug}", handler)
	get := func(path string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		fmt.Println(path, w.Code)
	}
	get("/default/github")
	get("/default/gitlab")
	get("/default/%20")
	fake.Inject(agentstest.Fault{Operation: "listConnectors", Status: http.StatusForbidden})
	get("/default/github")
	// Output:
	// /default/github 200
	// /default/gitlab 404
	// /default/%20 400
	// /default/github 502
}

func ExampleClient_API() {
	fake, opts := sandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	resp, err := c.API().GetWorkspaceStatsWithResponse(context.Background(), &gen.GetWorkspaceStatsParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode(), resp.JSON200.TotalCount)
	// Output: 200 2
}

func ExampleWorkspace_CreateConnector() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	created, err := ws.CreateConnector(ctx, client.CreateConnectorRequest{
		Name:          "GitHub of the customer",
		ConnectorType: "github",
		Credentials:   map[string]any{"token": "the customer's own"}, // not the application's
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Name, created.Slug)
	// Output: GitHub of the customer github
}

func ExampleWorkspace_EnsureConnector() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	request := client.CreateConnectorRequest{
		Name:          "GitHub of the customer",
		ConnectorType: "github",
		Credentials:   client.Configuration{"token": "the customer's own"}, // not the application's
	}
	for range 2 {
		info, created, err := ws.EnsureConnector(ctx, request)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(info.Name, created)
	}
	// Output:
	// GitHub of the customer true
	// GitHub of the customer false
}

// A backend shows a page of customers, and gives the browser a cursor for the next one.
func ExampleCursorSealer() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	stripe, err := client.Connect(ctx, "stripe", opts...)
	if err != nil {
		log.Fatal(err)
	}
	sealer, err := client.NewCursorSealer("the output of: openssl rand -base64 32")
	if err != nil {
		log.Fatal(err)
	}
	const tenant = "customer-42" // from the session of the browser, not from its request
	show := func(cursor string) (next string, err error) {
		params, err := sealer.Open(cursor, tenant, "customers")
		if err != nil {
			return "", err
		}
		if params == nil { // the first page
			params = client.Params{"limit": 10}
		}
		page, err := stripe.Execute(ctx, "customers", "list", params)
		if err != nil {
			return "", err
		}
		if params, err = page.NextParams(ctx); err != nil {
			return "", err
		}
		return sealer.Seal(params, tenant, "customers")
	}
	for cursor, more := "", true; more; more = cursor != "" {
		if cursor, err = show(cursor); err != nil {
			log.Fatal(err)
		}
		fmt.Println("is there more?", cursor != "")
	}
	_, err = show("made up")
	fmt.Println(client.HTTPStatus(err), err)
	// Output:
	// is there more? true
	// is there more? false
	// 400 client: open cursor: the cursor was not sealed here, for this tenant and scope
}

func ExampleWithAttemptObserver() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusServiceUnavailable})

	// A program has counters and histograms here, with these labels.
	count := client.WithAttemptObserver(func(_ context.Context, a client.Attempt) {
		fmt.Println(a.Operation, a.StatusCode, "retry:", a.Retry)
	})
	ws, err := client.NewWorkspace(append(opts, count)...)
	if err != nil {
		log.Fatal(err)
	}
	github, err := ws.Connector(ctx, "github")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := github.Execute(ctx, "issues", "list", nil); err != nil {
		log.Fatal(err)
	}
	// Output:
	// listConnectors 200 retry: false
	// executeConnector 503 retry: true
	// executeConnector 200 retry: false
}

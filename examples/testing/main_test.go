package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// The test has its own records. They can be structs, such as those that the
// program decodes records into.
var tickets = []Ticket{
	{ID: 1, Subject: "Cannot log in", Status: "open", Priority: "urgent"},
	{ID: 2, Subject: "Refund please", Status: "solved", Priority: "normal"},
	{ID: 3, Subject: "The export never ends", Status: "open", Priority: "high"},
	{ID: 4, Subject: "Change of address", Status: "pending", Priority: "low"},
	{ID: 5, Subject: "Where is my invoice?", Status: "open", Priority: "normal"},
}

const digest = "#1 Cannot log in (urgent)\n#3 The export never ends (high)\n#5 Where is my invoice? (normal)"

// A message is a message that was posted to the chat.
type message struct {
	Channel string `json:"channel"`
	Text    string `json:"text"`
}

// start returns a service with a support desk and an empty chat, and the
// workspace that they are in. The service does not listen on a port: the client
// calls it in memory, which also works in a synctest bubble, where pauses take
// no time. All settings are given, so that none comes from the environment.
func start(t *testing.T, tickets []Ticket) (*agentstest.Service, *client.Workspace) {
	t.Helper()
	fake := agentstest.New(
		agentstest.WithoutSeed(),
		agentstest.WithConnector("support", agentstest.Connector{
			Slug:     "zendesk-support",
			Entities: map[string]agentstest.Entity{"tickets": {Records: tickets, PageSize: 2}}, // pages as Zendesk does
		}),
		agentstest.WithConnector("support", agentstest.Connector{
			Slug:     "slack",
			Entities: map[string]agentstest.Entity{"messages": {}}, // none yet
		}),
	)
	ws, err := client.NewWorkspace(
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}),
		client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName("support"),
	)
	if err != nil {
		t.Fatal(err)
	}
	return fake, ws
}

// The service has real state, so what was posted can be read from it.
func posted(t *testing.T, ws *client.Workspace) []message {
	t.Helper()
	chat, err := ws.Connector(t.Context(), "slack")
	if err != nil {
		t.Fatal(err)
	}
	messages, _, err := client.Execute[[]message](t.Context(), chat, "messages", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func TestPostDigest(t *testing.T) {
	fake, ws := start(t, tickets)
	text, err := PostDigest(t.Context(), ws, "C1")
	if err != nil || text != digest {
		t.Errorf("PostDigest = %q, %v", text, err)
	}
	if got, want := posted(t, ws), []message{{"C1", digest}}; !slices.Equal(got, want) {
		t.Errorf("posted %q, want %q", got, want)
	}
	if n := fake.Count("createToken"); n != 1 {
		t.Errorf("%d requests for a token", n)
	}
}

// The requests that were sent can be examined one by one.
func TestPostDigestAsksForEachPage(t *testing.T) {
	fake, ws := start(t, tickets)
	if _, err := PostDigest(t.Context(), ws, "C1"); err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, r := range fake.Requests() {
		if r.Entity == "tickets" {
			asked = append(asked, r.Action+" "+fmt.Sprint(r.Params))
		}
	}
	if want := []string{"list map[]", "list map[page:2]", "list map[page:3]"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

func TestPostDigestOfNothing(t *testing.T) {
	_, ws := start(t, nil)
	if text, err := PostDigest(t.Context(), ws, "C1"); text != "" || err != nil {
		t.Errorf("PostDigest = %q, %v", text, err)
	}
	if got := posted(t, ws); len(got) > 0 {
		t.Errorf("posted %q", got)
	}
}

// Reads are retried. Here, the second page fails twice before it succeeds.
func TestPostDigestAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, ws := start(t, tickets)
		fake.Inject(agentstest.Fault{Entity: "tickets", After: 1, Times: 2, Status: http.StatusServiceUnavailable})
		if text, err := PostDigest(t.Context(), ws, "C1"); err != nil || text != digest {
			t.Errorf("PostDigest = %q, %v", text, err)
		}
		if n := fake.PendingFaults(); n > 0 {
			t.Errorf("%d faults were not met", n)
		}
		if n := fake.Count("executeConnector"); n != 6 { // three pages, two failures and the message
			t.Errorf("%d executions", n)
		}
	})
}

// If the pause is too long for a call, the caller must decide.
func TestPostDigestRateLimited(t *testing.T) {
	fake, ws := start(t, tickets)
	fake.Inject(agentstest.Fault{
		Entity: "tickets", After: 1, // the second page
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"600"}},
	})
	_, err := PostDigest(t.Context(), ws, "C1")
	var failed *client.Error
	if !errors.Is(err, client.ErrRateLimited) || !errors.As(err, &failed) || failed.RetryAfter != 10*time.Minute {
		t.Errorf("PostDigest: %v", err)
	}
	if got := posted(t, ws); len(got) > 0 {
		t.Errorf("posted %q, which is not all", got)
	}
}

// A write is not retried if it may have been carried out. Here, the message is
// posted and the response is lost. An error is better than posting the message
// twice.
func TestPostDigestPostsOnce(t *testing.T) {
	fake, ws := start(t, tickets)
	fake.Inject(agentstest.Fault{Entity: "messages", Action: "create", Lost: true})
	if _, err := PostDigest(t.Context(), ws, "C1"); err == nil {
		t.Error("no error")
	}
	if got := posted(t, ws); len(got) != 1 {
		t.Errorf("posted %q", got)
	}
	if n := fake.PendingFaults(); n > 0 {
		t.Errorf("%d faults were not met", n)
	}
}

// Tokens expire or are revoked. The program need not know.
func TestPostDigestDayAndNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, ws := start(t, tickets)
		for _, night := range []func(){
			func() { time.Sleep(12 * time.Hour) }, // the clock of the bubble, by which tokens expire
			fake.RevokeTokens,
			func() {},
		} {
			if _, err := PostDigest(t.Context(), ws, "C1"); err != nil {
				t.Fatal(err)
			}
			night()
		}
		if n := fake.Count("createToken"); n != 3 {
			t.Errorf("%d requests for a token", n)
		}
	})
}

// A secret that is no longer valid is an error, and is not tried again and
// again.
func TestPostDigestSecretChanged(t *testing.T) {
	fake, ws := start(t, tickets)
	fake.SetClientSecret(agentstest.ClientID, "another")
	if _, err := PostDigest(t.Context(), ws, "C1"); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("PostDigest: %v", err)
	}
	if n := fake.Count("createToken"); n != 1 {
		t.Errorf("%d requests for a token", n)
	}
}

func Example() {
	main()
	// Output:
	// #101 Cannot log in (normal)
	// #104 The export never ends (low)
	// #107 How do I add a colleague? (urgent)
	// #110 Cancel my plan (high)
}

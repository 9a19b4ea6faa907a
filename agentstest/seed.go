package agentstest

import (
	"fmt"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// What every service has. The credentials work nowhere else.
const (
	// ClientID and ClientSecret are the credentials of an application that
	// has access to both organizations. It uses the first if a request names none.
	ClientID     = "a9e17e57-0000-4000-8000-000000000001"
	ClientSecret = "agentstest-client-secret"

	OrganizationID   = "0a9e17e5-0000-4000-8000-000000000001"
	OrganizationName = "Example Corp"

	SecondOrganizationID   = "0a9e17e5-0000-4000-8000-000000000002"
	SecondOrganizationName = "Example Labs"
)

// What a service has unless [WithoutSeed] is given.
const (
	// WorkspaceName is a workspace with the connectors github, hubspot,
	// salesforce, slack, stripe and zendesk-support. The second organization has
	// a workspace of the same name, with a hubspot connector.
	WorkspaceName = "default"

	// SecondWorkspaceName is another workspace of the first organization, with
	// one stripe and two github connectors.
	SecondWorkspaceName = "customer-42"

	// AttachmentID and AttachmentName are the ID and the name of a file that
	// download returns for the entity attachments of zendesk-support. The
	// ticket 101 refers to it.
	AttachmentID   = 7001
	AttachmentName = "screenshot.txt"
)

// epoch is the time of creation of everything in the seeded world.
var epoch = time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)

// day returns the time n days and n minutes after epoch.
func day(n int) string {
	return epoch.AddDate(0, 0, n).Add(time.Duration(n) * time.Minute).Format(time.RFC3339)
}

type object = map[string]any

// seedBase adds what every world has: the application, its organizations, and the
// kinds of connectors and destinations.
func (w *world) seedBase() {
	w.addOrganization(OrganizationID, OrganizationName)
	w.addOrganization(SecondOrganizationID, SecondOrganizationName)
	w.applications[ClientID] = &application{id: ClientID, secret: ClientSecret, organizations: []string{OrganizationID, SecondOrganizationID}}
	for _, k := range []kind{
		{slug: "asana", name: "Asana", tags: []string{"projects"}},
		{slug: "github", name: "GitHub", tags: []string{"engineering"}, credentials: []string{"token"}, entities: githubEntities(),
			direct: []string{"What does issue 12 say?"}, search: []string{"Which open issues mention timeouts?"}},
		{slug: "gmail", name: "Gmail", tags: []string{"mail"}, credentials: []string{"refresh_token"}},
		{slug: "google-drive", name: "Google Drive", tags: []string{"files"}, credentials: []string{"refresh_token"}},
		{slug: "hubspot", name: "HubSpot", tags: []string{"crm"}, credentials: []string{"access_token"}, entities: hubspotEntities(),
			direct: []string{"Who is contact 501?"}, search: []string{"Which contacts are customers?"}},
		{slug: "jira", name: "Jira", tags: []string{"engineering"}, credentials: []string{"email", "api_token"}},
		{slug: "linear", name: "Linear", tags: []string{"engineering"}},
		{slug: "notion", name: "Notion", tags: []string{"files"}, credentials: []string{"token"}},
		{slug: "salesforce", name: "Salesforce", tags: []string{"crm"}, credentials: []string{"client_id", "client_secret", "refresh_token"}, entities: salesforceEntities(),
			direct: []string{"Which accounts are there?"}, search: []string{"Which opportunities close this month?"}},
		{slug: "slack", name: "Slack", tags: []string{"chat"}, credentials: []string{"token"}, entities: slackEntities(),
			direct: []string{"What was said in #support?"}, search: []string{"Who mentioned the outage?"}},
		{slug: "stripe", name: "Stripe", tags: []string{"payments"}, entities: stripeEntities(),
			direct: []string{"What does customer cus_0003 owe?"}, search: []string{"Which customers are in Germany?"}},
		{slug: "zendesk-support", name: "Zendesk Support", tags: []string{"support"}, credentials: []string{"subdomain", "api_token"}, entities: zendeskEntities(),
			direct: []string{"What does ticket 101 say?"}, search: []string{"Which open tickets mention refunds?"}},
	} {
		k.support = server.SupportLevelCertified
		w.addKind(&k, epoch)
	}
	for _, d := range []destination{
		{name: "BigQuery", slug: "bigquery", required: []string{"project_id", "dataset_id"}},
		{name: "Postgres", slug: "postgres", required: []string{"host", "database"}},
		{name: "S3", slug: "s3", required: []string{"s3_bucket_name"}},
	} {
		d.id = inventID("destination-definition", d.slug)
		w.destinations = append(w.destinations, &d)
	}
}

// seed adds what a world has unless [WithoutSeed] is given.
func (w *world) seed() {
	connect := func(organization, name string, connectors ...Connector) *workspace {
		ws := w.ensureWorkspace(organization, name, epoch)
		for _, c := range connectors {
			if err := w.addConnector(ws, c, epoch); err != nil {
				panic(fmt.Sprintf("agentstest: seed: %v", err)) // every test would see it
			}
		}
		return ws
	}
	first := connect(OrganizationID, WorkspaceName,
		Connector{Slug: "github", Name: "Engineering"},
		Connector{Slug: "hubspot", Name: "Marketing"},
		Connector{Slug: "salesforce", Name: "Sales"},
		Connector{Slug: "slack", Name: "Company chat"},
		Connector{Slug: "stripe", Name: "Payments"},
		Connector{Slug: "zendesk-support", Name: "Support desk"},
	)
	connect(OrganizationID, SecondWorkspaceName,
		Connector{Slug: "stripe", Name: "Customer payments"},
		Connector{Slug: "github", Name: "Backend"},
		Connector{Slug: "github", Name: "Frontend"},
	)
	connect(SecondOrganizationID, WorkspaceName, Connector{Slug: "hubspot", Name: "Labs marketing"})

	own := &template{
		serial: w.next(), id: inventID("source-template", OrganizationID, "zendesk-support"), organization: OrganizationID,
		kind: w.kindBySlug("zendesk-support"), name: "Zendesk for Example Corp", config: object{"start_date": "2026-01-01T00:00:00Z"},
		tags: []string{"support"}, mode: server.SourceTemplateModeMulti, createdAt: epoch, updated: epoch,
		customization: &server.SourceTemplateCustomization{
			StreamSelectionMode: new(server.StreamSelectionModeWhitelist), StreamWhitelist: []string{"tickets", "users"},
		},
	}
	w.templates[own.id] = own

	lake := &connectionTemplate{
		serial: w.next(), id: inventID("connection-template", OrganizationID, "lake"), organization: OrganizationID,
		destination: w.destinations[2], name: "Lake", config: object{"s3_bucket_name": "example-lake"}, cron: new("0 0 * * * ?"),
		changes: new(server.NonBreakingChangesPreferenceIgnore), syncOnCreate: new(true), tags: []string{"lake"}, createdAt: epoch, updated: epoch,
	}
	hosted := &connectionTemplate{
		serial: w.next(), id: inventID("connection-template", OrganizationID, "hosted"), organization: OrganizationID,
		name: "Airbyte storage", tags: []string{}, createdAt: epoch, updated: epoch,
	}
	w.connections[lake.id], w.connections[hosted.id] = lake, hosted

	report := w.addWorkflow(first, "Weekly report", epoch)
	w.automations["automation-1"] = &server.Automation{
		ID: "automation-1", WorkflowID: report.ID, WorkspaceID: first.id, Enabled: true, TriggerType: "schedule",
		CronExpression: new("0 0 7 ? * MON"), Timezone: new("Europe/Berlin"), CreatedAt: new(epoch), UpdatedAt: new(epoch),
	}
}

// addWorkflow adds a workflow to a workspace. The caller holds the lock.
func (w *world) addWorkflow(ws *workspace, name string, now time.Time) *server.Workflow {
	f := &server.Workflow{ID: fmt.Sprintf("workflow-%d", w.next()), Name: name, WorkspaceID: ws.id, CreatedAt: &now, UpdatedAt: &now}
	w.workflows[f.ID] = f
	return f
}

// people are the users, customers and contacts of all seeded connectors.
var people = []struct{ login, name string }{
	{"ada", "Ada Lovelace"}, {"grace", "Grace Hopper"}, {"alan", "Alan Turing"}, {"edsger", "Edsger Dijkstra"},
	{"barbara", "Barbara Liskov"}, {"donald", "Donald Knuth"}, {"frances", "Frances Allen"}, {"tony", "Tony Hoare"},
	{"margaret", "Margaret Hamilton"}, {"ken", "Ken Thompson"}, {"radia", "Radia Perlman"}, {"john", "John Backus"},
}

// email returns the address of a person. The domain is reserved for examples.
func email(i int) string { return people[i%len(people)].login + "@example.com" }

// makeRecords returns n records, made by one.
func makeRecords(n int, one func(i int) object) []object {
	list := make([]object, n)
	for i := range list {
		list[i] = one(i)
	}
	return list
}

func githubEntities() map[string]Entity {
	titles := []string{
		"Requests time out under load", "Add a dark theme", "Document the retry policy", "Crash when the config file is empty",
		"Support pagination in the export", "Login page flickers", "Upgrade to the latest runtime", "Slow query on the dashboard",
		"Typo in the installation guide", "Webhook signature is not verified", "Allow several organizations", "Memory grows during imports",
		"Flaky test in the scheduler", "Show the request id in errors", "Timeouts are not configurable",
	}
	labels := []object{{"id": 1, "name": "bug", "color": "d73a4a"}, {"id": 2, "name": "enhancement", "color": "a2eeef"}, {"id": 3, "name": "documentation", "color": "0075ca"}}
	kinds := []int{0, 1, 2, 0, 1, 0, 1, 0, 2, 0, 1, 0, 0, 1, 0}
	issues := makeRecords(len(titles), func(i int) object {
		number := len(titles) - i // the newest first
		at := number - 1
		issue := object{
			"id": int64(2900000000) + int64(number), "number": number, "title": titles[at], "state": "open",
			"html_url": fmt.Sprintf("https://github.example.com/example-corp/app/issues/%d", number),
			"user":     object{"login": people[at%len(people)].login, "id": 1000 + at%len(people), "type": "User"},
			"labels":   []object{labels[kinds[at]]}, "assignee": nil, "comments": at % 4,
			"body":       titles[at] + ". Seen in production since last week; steps to reproduce are in the comments.",
			"created_at": day(at), "updated_at": day(at + 3), "closed_at": nil,
		}
		if number%3 == 0 {
			issue["state"], issue["closed_at"] = "closed", day(at+3)
			issue["assignee"] = object{"login": people[(at+1)%len(people)].login, "id": 1000 + (at+1)%len(people), "type": "User"}
		}
		return issue
	})
	repositories := makeRecords(3, func(i int) object {
		name := []string{"app", "docs", "infrastructure"}[i]
		return object{
			"id": 70000 + i, "name": name, "full_name": "example-corp/" + name, "private": i == 2, "default_branch": "main",
			"html_url": "https://github.example.com/example-corp/" + name, "language": []string{"Go", "Markdown", "HCL"}[i],
			"stargazers_count": 420 / (i + 1), "open_issues_count": 10 - i, "created_at": day(i), "pushed_at": day(40 + i),
			"owner": object{"login": "example-corp", "id": 900, "type": "Organization"},
		}
	})
	return map[string]Entity{
		"issues":       {Records: issues, Key: "number"},
		"repositories": {Records: repositories, Actions: []string{"list", "get", "api_search", "search", "context_store_search", storeSQL}},
		"users": {Records: makeRecords(len(people), func(i int) object {
			return object{"id": 1000 + i, "login": people[i].login, "name": people[i].name, "type": "User", "site_admin": false}
		}), Actions: []string{"list", "get"}},
		"files": {Files: map[string]File{
			"README.md":  {Name: "README.md", ContentType: "text/markdown; charset=utf-8", Data: []byte("# app\n\nThe application of Example Corp.\n")},
			"logo.png":   {Name: "logo.png", ContentType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n-no-real-image-")},
			"empty.txt":  {Name: "empty.txt", ContentType: "text/plain"},
			"backup.tar": {Name: "backup.tar", ContentType: "application/x-tar", Size: 8 << 20, Unsized: true},
		}},
	}
}

func stripeEntities() map[string]Entity {
	countries := []string{"DE", "US", "GB", "FR"}
	return map[string]Entity{
		"customers": {Records: makeRecords(12, func(i int) object {
			return object{
				"id": fmt.Sprintf("cus_%04d", i+1), "object": "customer", "name": people[i].name, "email": email(i), "currency": "eur",
				"balance": (i % 3) * -500, "delinquent": i%5 == 4, "created": epoch.AddDate(0, 0, -i).Unix(), "livemode": false,
				"address": object{"country": countries[i%4], "city": []string{"Berlin", "Boston", "London", "Paris"}[i%4]}, "metadata": object{},
			}
		})},
		"charges": {Records: makeRecords(23, func(i int) object {
			return object{
				"id": fmt.Sprintf("ch_%04d", i+1), "object": "charge", "amount": 1000 + 250*i, "currency": "eur", "paid": i%7 != 6,
				"status": map[bool]string{true: "failed", false: "succeeded"}[i%7 == 6], "customer": fmt.Sprintf("cus_%04d", i%12+1),
				"created": epoch.Add(time.Duration(i) * 7 * time.Hour).Unix(), "livemode": false,
			}
		}), Actions: []string{"list", "get", "api_search", "search", "context_store_search", storeSQL}},
		"invoices": {
			Records: makeRecords(4, func(i int) object {
				return object{
					"id": fmt.Sprintf("in_%04d", i+1), "object": "invoice", "number": fmt.Sprintf("EX-%04d", 1001+i), "customer": fmt.Sprintf("cus_%04d", i+1),
					"amount_due": 4200 + 100*i, "currency": "eur", "status": []string{"paid", "open", "draft", "void"}[i], "created": epoch.AddDate(0, 0, i).Unix(),
				}
			}),
			Files: map[string]File{
				"in_0001": {Name: "invoice-1001.pdf", ContentType: "application/pdf", Data: []byte("%PDF-1.4\n% an invoice without a page\n%%EOF\n")},
				"in_0002": {Name: "Rechnung für März.pdf", ContentType: "application/pdf", Data: []byte("%PDF-1.4\n% umlauts in the name\n%%EOF\n")},
			},
		},
	}
}

func zendeskEntities() map[string]Entity {
	subjects := []string{
		"Cannot log in", "Refund please", "Where is my invoice?", "The export never ends", "Change of address", "Refund for a double charge",
		"How do I add a colleague?", "App is slow in the morning", "Password reset mail is missing", "Cancel my plan", "Feature request: webhooks", "Wrong currency on the bill",
	}
	// The files that tickets refer to, by index of the ticket.
	attachments := map[int]object{
		0: {"id": AttachmentID, "file_name": AttachmentName, "content_type": "text/plain; charset=utf-8"},
		7: {"id": AttachmentID + 1, "file_name": "log.txt", "content_type": "text/plain; charset=utf-8"},
	}
	return map[string]Entity{
		"tickets": {Records: makeRecords(len(subjects), func(i int) object {
			var assignee any // an open ticket has none
			if i%3 != 0 {
				assignee = 5005
			}
			attached := []object{}
			if one := attachments[i]; one != nil {
				attached = append(attached, one)
			}
			return object{
				"id": 101 + i, "subject": subjects[i], "description": subjects[i] + " — details follow.", "status": []string{"open", "pending", "solved"}[i%3],
				"priority": []string{"normal", "high", "urgent", "low"}[i%4], "tags": [][]string{{"account"}, {"billing", "refund"}, {"billing"}, {"export", "bug"}}[i%4],
				"requester": object{"id": 5001 + i, "name": people[i].name, "email": email(i)}, "assignee_id": assignee,
				"attachments": attached, "created_at": day(i), "updated_at": day(i + 1),
			}
		})},
		"users": {Records: makeRecords(5, func(i int) object {
			return object{"id": 5001 + i, "name": people[i].name, "email": email(i), "role": []string{"end-user", "agent"}[i/4], "created_at": day(i)}
		})},
		"attachments": {Files: map[string]File{
			fmt.Sprint(AttachmentID):     {Name: AttachmentName, ContentType: "text/plain; charset=utf-8", Data: []byte("A picture says more than a thousand words.\n")},
			fmt.Sprint(AttachmentID + 1): {Name: "log.txt", ContentType: "text/plain; charset=utf-8", Data: []byte(strings.Repeat("2026-02-03T09:30:00Z request timed out after 30 s\n", 4000))},
		}},
	}
}

func hubspotEntities() map[string]Entity {
	return map[string]Entity{
		"contacts": {Records: makeRecords(12, func(i int) object {
			first, last, _ := strings.Cut(people[i].name, " ")
			return object{
				"id": fmt.Sprint(501 + i), "archived": false, "createdAt": day(i), "updatedAt": day(i + 2),
				"properties": object{"firstname": first, "lastname": last, "email": email(i), "lifecyclestage": []string{"lead", "customer", "subscriber"}[i%3]},
			}
		})},
		"companies": {Records: makeRecords(3, func(i int) object {
			return object{
				"id": fmt.Sprint(901 + i), "archived": false, "createdAt": day(i), "updatedAt": day(i + 2),
				"properties": object{"name": []string{"Analytical Engines", "Compilers Inc.", "Enigma Ltd."}[i], "domain": []string{"engines", "compilers", "enigma"}[i] + ".example.com"},
			}
		})},
	}
}

func slackEntities() map[string]Entity {
	return map[string]Entity{
		"channels": {Records: makeRecords(4, func(i int) object {
			return object{"id": fmt.Sprintf("C%05d", i+1), "name": []string{"general", "support", "engineering", "random"}[i], "is_private": false, "num_members": 12 - i}
		})},
		"messages": {Records: makeRecords(12, func(i int) object {
			return object{
				"id": fmt.Sprintf("%d.%06d", epoch.Unix()+int64(i)*60, i), "type": "message", "channel": fmt.Sprintf("C%05d", i%4+1), "user": fmt.Sprintf("U%05d", i+1),
				"text": []string{"Good morning", "The outage is over", "Lunch?", "Release is out", "Thanks for the quick help", "Who owns the scheduler?"}[i%6],
			}
		})},
		"users": {Records: makeRecords(6, func(i int) object {
			return object{"id": fmt.Sprintf("U%05d", i+1), "name": people[i].login, "real_name": people[i].name, "is_bot": false}
		})},
	}
}

func salesforceEntities() map[string]Entity {
	return map[string]Entity{
		"accounts": {Key: "Id", Records: makeRecords(12, func(i int) object {
			return object{
				"Id": fmt.Sprintf("001EX%010d", i+1), "Name": people[i].name + " & Co.", "Industry": []string{"Software", "Shipping", "Research"}[i%3],
				"AnnualRevenue": 1000000 * (i + 1), "BillingCountry": []string{"Germany", "United States"}[i%2], "CreatedDate": day(i),
			}
		})},
		"opportunities": {Key: "Id", Records: makeRecords(7, func(i int) object {
			return object{
				"Id": fmt.Sprintf("006EX%010d", i+1), "Name": fmt.Sprintf("Deal %d", i+1), "AccountId": fmt.Sprintf("001EX%010d", i+1), "Amount": 25000 * (i + 1),
				"StageName": []string{"Prospecting", "Negotiation", "Closed Won"}[i%3], "CloseDate": epoch.AddDate(0, 1, i).Format(time.DateOnly),
			}
		})},
	}
}

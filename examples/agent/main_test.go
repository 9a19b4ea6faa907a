package main

func Example() {
	main()
	// Output:
	// > list_connectors {}
	// {"github":"files, issues, repositories, users","hubspot":"companies, contacts","salesforce":"accounts, opportunities","slack":"channels, messages, users","stripe":"charges, customers, invoices","zendesk-support":"attachments, tickets, users"}
	//
	// > read_docs {"connector": "stripe", "section": "actions.customers.context_store_search"}
	// ## Customers: context_store_search
	//
	// | Parameter | Type | Required | Description |
	// | --- | --- | --- | --- |
	// | query | object |  | a filter and a sort order; either query or semantic is required |
	// | semantic | object |  | a search by meaning: a prompt, and the field to search in; either query or semantic is required |
	// | limit | integer |  | hits on a page; 10 of a semantic search by default, and at most 100 |
	// | cursor | string |  | meta.cursor of the page before |
	// | fields | array |  | the fields to return, as dotted paths; all by default |
	//
	// ```json
	// {"entity": "customers", "action": "context_store_search", "params": {"query": {}}}
	// ```
	//
	// > run_action {"connector": "github", "entity": "issue", "action": "list"}
	// {"error":"Validation failed","problems":[{"field":"body.entity","message":"GitHub has no entity \"issue\"","error_code":"unknown_entity","details":{"entities":["files","issues","repositories","users"]}}],"retryable":false}
	//
	// > run_action {"connector": "github", "entity": "issues", "action": "list", "fields": ["number", "title"], "params": {"per_page": 9}}
	// {"records":[{"number":15,"title":"Timeouts are not configurable"},{"number":14,"title":"Show the request id in errors"},{"number":13,"title":"Flaky test in the scheduler"},{"number":12,"title":"Memory grows during imports"},{"number":11,"title":"Allow several organizations"},{"number":10,"title":"Webhook signature is not verified"},{"number":9,"title":"Typo in the installation guide"}],"omitted":2,"next":{"after":"aXNzdWVzOjk","per_page":9}}
	//
	// > run_action {"connector": "github", "entity": "issues", "action": "list", "fields": ["number", "title"], "params": {"after":"aXNzdWVzOjk","per_page":9}}
	// {"records":[{"number":6,"title":"Login page flickers"},{"number":5,"title":"Support pagination in the export"},{"number":4,"title":"Crash when the config file is empty"},{"number":3,"title":"Document the retry policy"},{"number":2,"title":"Add a dark theme"},{"number":1,"title":"Requests time out under load"}]}
	//
	// > run_action {"connector": "stripe", "entity": "customers", "action": "delete", "params": {"id": "cus_0001"}}
	// {"error":"the user does not want this"}
	//
	// > search_records {"connector": "github", "entity": "issues", "field": "title", "prompt": "timeouts should be configurable"}
	// {"context":"Timeouts are not configurable","score":0.5}
}

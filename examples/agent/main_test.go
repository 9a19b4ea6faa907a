package main

func Example() {
	main()
	// Output:
	// > list_connectors {"query":""}
	// workspace default: connectors 1 to 2
	// <data-…>
	// connector,kind,name
	// github,GitHub,Engineering
	// stripe,Stripe,Payments
	// </data-…>
	// end: there are no more connectors
	//
	// > describe_actions {"connector":"github","entity":""}
	// github: entities 1 to 4
	// <data-…>
	// entity,reads,description,writes
	// files,download,Files of GitHub,
	// issues,list get api_search search context_store_search context_store_sql_query,Issues of GitHub,create update delete
	// repositories,list get api_search search context_store_search context_store_sql_query,Repositories of GitHub,
	// users,list get,Users of GitHub,
	// </data-…>
	// end: there are no more entities
	//
	// > read_records {"connector":"github","entity":"issue","action":"list","params":"","fields":[]}
	// {"error":"github has no entity issue","retryable":false,"hint":"did you mean issues? the entities of github are files, issues, repositories, users","problems":[{"field":"entity","message":"there is none of that name"}]}
	//
	// > read_records {"connector":"github","entity":"issues","action":"list","params":"{\"per_page\":8}","fields":["number","title"]}
	// github.issues.list: records 1 to 8
	// <data-…>
	// number,title
	// 15,Timeouts are not configurable
	// 14,Show the request id in errors
	// 13,Flaky test in the scheduler
	// 12,Memory grows during imports
	// 11,Allow several organizations
	// 10,Webhook signature is not verified
	// 9,Typo in the installation guide
	// 8,Slow query on the dashboard
	// </data-…>
	// next_page …
	//
	// > next_page {"page":"…"}
	// github.issues.list: records 9 to 15
	// <data-…>
	// number,title
	// 7,Upgrade to the latest runtime
	// 6,Login page flickers
	// 5,Support pagination in the export
	// 4,Crash when the config file is empty
	// 3,Document the retry policy
	// 2,Add a dark theme
	// 1,Requests time out under load
	// </data-…>
	// end: there are no more records
	//
	// > read_records {"connector":"github","entity":"issues","action":"context_store_search","params":"{\"semantic\":{\"prompt\":\"timeouts should be configurable\",\"field\":\"title\"},\"limit\":1}","fields":[]}
	// github.issues.context_store_search: records 1 to 1
	// <data-…>
	// {"entity":{"assignee":{"id":1003,"login":"edsger","type":"User"},"body":"Timeouts are not configurable. Seen in production since last week; steps to reproduce are in the comments.","closed_at":"…","comments":2,"created_at":"…","html_url":"https://github.example.com/example-corp/app/issues/15","id":2900000015,"labels":[{"color":"d73a4a","id":1,"name":"bug"}],"number":15,"state":"closed","title":"Timeouts are not configurable","updated_at":"…","user":{"id":1002,"login":"alan","type":"User"}},"metadata":{"context":"Timeouts are not configurable","score":0.5}}
	// </data-…>
	// end: there are no more records
	//
	// > write_records {"connector":"stripe","entity":"customers","action":"delete","params":"{\"id\":\"cus_0001\"}"}
	// {"error":"the write was not confirmed: the user does not want this; nothing was changed","retryable":false,"hint":"do not try it again, unless the user asks for it"}
	//
	// > write_records {"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"Timeouts, again\"}"}
	// github.issues.create: records 1 to 1
	// <data-…>
	// created_at	number	title	updated_at
	// …	16	Timeouts, again	…
	// </data-…>
	// the change was made
	// end: there are no more records
}

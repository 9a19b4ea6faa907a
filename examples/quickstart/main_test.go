package main

func Example() {
	main()
	// Output:
	// No credentials in the environment: using an in-memory service.
	// Connectors of workspace "default":
	//   github           Engineering
	//   hubspot          Marketing
	//   salesforce       Sales
	//   slack            Company chat
	//   stripe           Payments
	//   zendesk-support  Support desk
	// Issues:
	//   #15    closed Timeouts are not configurable
	//   #14    open   Show the request id in errors
	//   #13    open   Flaky test in the scheduler
	//   #12    closed Memory grows during imports
	//   #11    open   Allow several organizations
	//   #10    open   Webhook signature is not verified
	//   #9     closed Typo in the installation guide
	//   #8     open   Slow query on the dashboard
	//   #7     open   Upgrade to the latest runtime
	//   #6     closed Login page flickers
	//   #5     open   Support pagination in the export
	//   #4     open   Crash when the config file is empty
	//   #3     closed Document the retry policy
	//   #2     open   Add a dark theme
	//   #1     open   Requests time out under load
	// 15 rows from 2 pages; 1 token request(s)
}

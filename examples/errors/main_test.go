package main

func Example() {
	main()
	// Output:
	// unauthorized; the secret is from: option
	// client: find connector: workspace "default" has no connector "gitlab"; it has github, hubspot, salesforce, slack, stripe, zendesk-support
	// rate limited for 2m0s
	// client: execute issues.list: the token of the GitHub app has expired (connector github a70360e1-5569-8eb3-9c0b-629515a4faee of workspace "default", request id req-00000006)
	// client: execute: the action is empty; Describe lists the actions of each entity (connector github a70360e1-5569-8eb3-9c0b-629515a4faee of workspace "default")
}

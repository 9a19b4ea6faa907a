package main

func Example() {
	main()
	// Output:
	// github: 15 issues
	// stripe: 12 customers
	// zendesk-support: 12 tickets
	// hubspot: 12 contacts
	// slack: 12 messages
	// salesforce: client: execute accounts.list: there is a next page, but the connector gives a link to it, "nextRecordsUrl", not a cursor; name the right parameter with WithPageParam, or page with WithPager (connector salesforce b8bcf2d2-715c-8a71-9a56-daba644b952f of workspace "default")
}

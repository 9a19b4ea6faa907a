package main

func Example() {
	main()
	// Output:
	// the user consents: Your account is connected
	// the user refuses: Nothing was connected: the user pressed Cancel
	// the user follows a link to /connected: This browser was not sent to the consent
	// the workspace has zendesk-support
}

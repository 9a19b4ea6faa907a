package main

func Example() {
	main()
	// Output:
	// #15 Timeouts are not configurable
	// #12 Memory grows during imports
	// #9 Typo in the installation guide
	// #6 Login page flickers
}

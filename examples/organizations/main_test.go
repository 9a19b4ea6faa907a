package main

func Example() {
	main()
	// Output:
	// 0a9e17e5-0000-4000-8000-000000000001: workspace "default" has 6 connectors
	// 0a9e17e5-0000-4000-8000-000000000001: workspace "customer-42" has 3 connectors
	// 0a9e17e5-0000-4000-8000-000000000002: workspace "default" has 1 connectors
	// token requests: 2
}

package main

func Example() {
	main()
	// Output: It is: Timeouts are not configurable
}

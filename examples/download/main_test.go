package main

func Example() {
	main()
	// Output:
	// 24 of 24 bytes
	// saved report.csv, text/csv, 24 bytes
	// there is nothing to save
}

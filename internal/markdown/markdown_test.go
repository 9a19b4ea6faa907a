package markdown_test

import (
	"fmt"

	"github.com/airbyte-agents/airbyte-agents-go/internal/markdown"
)

// What a text leaves open does not swallow what follows. Package client tests the rest,
// through the documentation of connectors.
func ExampleDocument() {
	var d markdown.Document
	d.Heading(1, markdown.Line(" Issues\n of a repository"))
	d.Paragraph("~~~\nleft open")
	d.List([]string{markdown.Span("a`b"), "", "two\nlines"})
	d.Table([]string{"name"}, [][]string{{"x|y"}})
	fmt.Println(d.String())
	// Output:
	// # Issues of a repository
	//
	// ~~~
	// left open
	// ~~~
	//
	// - ``a`b``
	// - two
	//   lines
	//
	// | name |
	// | --- |
	// | x\|y |
}

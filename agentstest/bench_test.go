package agentstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// BenchmarkExecute measures the cost of the service without the network.
func BenchmarkExecute(b *testing.B) {
	records := make([]object, 100)
	for i := range records {
		records[i] = object{"id": i, "title": strings.Repeat("x", 200), "state": "open"}
	}
	s := agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"things": {Records: records, PageSize: 100}}}))
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := memoryCaller(b, s)
			id := c.connector("w", "acme")
			b.ReportAllocs()
			for b.Loop() {
				c.execute(id, "things", "list", object{"per_page": size})
			}
		})
	}
}

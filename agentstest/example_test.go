package agentstest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// Any HTTP client can talk to the service. Here the answer of a token request
// is lost on its way, and the second one arrives.
func Example() {
	fake := agentstest.NewServer()
	defer fake.Close()
	fake.Inject(agentstest.Fault{Operation: "createToken", Status: http.StatusServiceUnavailable})

	credentials := fmt.Sprintf(`{"client_id": %q, "client_secret": %q}`, agentstest.ClientID, agentstest.ClientSecret)
	for range 2 {
		resp, err := http.Post(fake.URL+"/api/v1/account/applications/token", "application/json", strings.NewReader(credentials))
		if err != nil {
			fmt.Println(err)
			return
		}
		var token struct {
			ExpiresIn int `json:"expires_in"`
		}
		err = json.NewDecoder(resp.Body).Decode(&token)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, token.ExpiresIn, err)
	}
	fmt.Println(fake.Count("createToken"), "token requests")
	// Output:
	// 503 0 <nil>
	// 200 900 <nil>
	// 2 token requests
}

// A world of one's own: a connector with records that page as the vendor's do.
func ExampleWithConnector() {
	fake := agentstest.NewServer(agentstest.WithConnector("default", agentstest.Connector{
		Slug: "acme-crm",
		Entities: map[string]agentstest.Entity{
			"contacts": {
				Records:  []map[string]any{{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}, {"id": 3, "name": "Alan"}},
				Paging:   agentstest.PagingPageToken,
				PageSize: 2,
			},
		},
	}))
	defer fake.Close()
	fmt.Println(agentstest.PagingPageToken.Param())
	// Output: page_token
}

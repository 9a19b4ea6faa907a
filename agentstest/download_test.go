package agentstest_test

import (
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func TestDownload(t *testing.T) {
	_, c := start(t)
	stripe := c.connector("default", "stripe")
	a := c.ok(c.execute(stripe, "invoices", "download", object{"invoice_id": "in_0001"}))
	if !strings.HasPrefix(string(a.raw), "%PDF") || a.header.Get("Content-Type") != "application/pdf" || a.header.Get("Content-Length") == "" {
		t.Errorf("%v %q", a.header, a.raw)
	}
	for file, name := range map[string]string{"in_0001": "invoice-1001.pdf", "in_0002": "Rechnung für März.pdf"} {
		a := c.ok(c.execute(stripe, "invoices", "download", object{"id": file}))
		_, params, err := mime.ParseMediaType(a.header.Get("Content-Disposition"))
		if err != nil || params["filename"] != name {
			t.Errorf("%s: %q, %v", file, a.header.Get("Content-Disposition"), err)
		}
	}
	// A file that does not exist has no bytes.
	a = c.ok(c.execute(stripe, "invoices", "download", object{"id": "in_9999"}))
	if len(a.raw) != 0 || a.header.Get("Content-Disposition") != "" || a.header.Get("Content-Length") != "0" {
		t.Errorf("missing: %v %q", a.header, a.raw)
	}
	zendesk := c.connector("default", "zendesk-support")
	if a = c.ok(c.execute(zendesk, "attachments", "download", object{"attachment_id": 7001})); len(a.raw) == 0 {
		t.Error("a number does not name a file")
	}
	c.refused(c.execute(zendesk, "attachments", "list", nil), 422, "unknown_action")
}

func TestLargeDownload(t *testing.T) {
	const size = 64<<20 + 5
	_, c := start(t, agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"files": {Files: map[string]agentstest.File{
		"big":  {Size: size},
		"flow": {Size: size, Unsized: true},
	}}}}))
	id := c.connector("w", "acme")
	for file, length := range map[string]int64{"big": size, "flow": -1} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", c.base+"/api/v1/integrations/connectors/"+id+"/execute",
			strings.NewReader(`{"entity":"files","action":"download","params":{"id":"`+file+`"}}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+c.token)
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if err != nil || n != size || resp.ContentLength != length {
			t.Errorf("%s: %d bytes of %d, %v", file, n, resp.ContentLength, err)
		}
	}
}

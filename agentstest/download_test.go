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

func TestDownloadPieces(t *testing.T) {
	c := memoryCaller(t, agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"files": {Files: map[string]agentstest.File{
		"text": {Data: []byte("aä€😀"), ContentType: "text/plain"}, "bytes": {Data: []byte{0xff, 0xfe, 0xfd}}, "large": {Size: 70_000},
	}}}})))
	id := c.connector("w", "acme")
	get := func(file string, more object) *answer {
		params := object{"id": file, "_airbyte_response_type": "json"}
		for k, v := range more {
			params[k] = v
		}
		return c.execute(id, "files", "download", params)
	}
	for _, tt := range []struct {
		file          string
		params        object
		content, next string
		n             string
	}{
		{"text", nil, "aä€😀", "", "10"},
		{"text", object{"range_header": "bytes=0-4"}, "aä", "bytes=3-7", "3"}, // the next character does not fit
		{"text", object{"range_header": "bytes=3-7"}, "€", "bytes=6-10", "3"},
		{"text", object{"range_header": "bytes=6-10"}, "😀", "", "4"},
		{"text", object{"range_header": "bytes=0-1", "_airbyte_response_format": "base64"}, "YcM=", "bytes=2-3", "2"},
		{"text", object{"range_header": "bytes=10-19"}, "", "", "0"},
		{"bytes", nil, "//79", "", "3"},
		{"nothing", nil, "", "", "0"},
	} {
		a := c.ok(get(tt.file, tt.params))
		if got := a.text("result", "content"); got != tt.content || a.text("result", "next_range_header") != tt.next || a.text("result", "bytes_returned") != tt.n || a.at("result", "has_more") != (tt.next != "") {
			t.Errorf("%s %v: %s", tt.file, tt.params, a.raw)
		}
	}
	if a := c.ok(get("large", nil)); a.text("result", "next_range_header") != "bytes=15360-30719" || a.text("result", "range_requested") != "bytes=0-15359" {
		t.Errorf("%.300s", a.raw)
	}
	if a := c.ok(get("large", object{"_airbyte_response_format": "base64"})); a.text("result", "next_range_header") != "bytes=49152-98303" {
		t.Errorf("%.300s", a.raw)
	}
	for _, header := range []string{"bytes=0-65536", "bytes=5-4", "bytes=-5", "0-5", "x"} {
		c.refused(get("large", object{"range_header": header}), 422, "range")
	}
	c.refused(get("large", object{"_airbyte_response_format": "hex"}), 422, "enum")
}

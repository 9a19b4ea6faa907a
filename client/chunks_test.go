package client_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestDownloadInChunks(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef\x00\xff"), 10_000) // 180 KB: three parts
	fake := agentstest.NewServer(agentstest.WithConnector("files", agentstest.Connector{Slug: "drive", Entities: map[string]agentstest.Entity{
		"files": {Files: map[string]agentstest.File{
			"large": {Name: "large.bin", ContentType: "application/x-large", Data: large},
			"small": {Name: "small.txt", ContentType: "text/plain", Data: []byte("x")},
			"empty": {Name: "empty.txt"},
		}},
	}}))
	defer fake.Close()
	drive, err := client.Connect(t.Context(), "drive", client.WithWorkspaceName("files"),
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id       string
		want     []byte
		requests int
	}{{"large", large, 3}, {"small", []byte("x"), 1}} {
		before := fake.Count("executeConnector")
		params := client.Params{"id": tt.id}
		d, err := drive.Download(t.Context(), "files", params, client.WithChunks())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(d)
		if err != nil || !bytes.Equal(got, tt.want) {
			t.Errorf("%s: %d bytes, %v; want %d", tt.id, len(got), err, len(tt.want))
		}
		if n := fake.Count("executeConnector") - before; n != tt.requests {
			t.Errorf("%s: %d requests, want %d", tt.id, n, tt.requests)
		}
		if len(params) != 1 || d.Close() != nil {
			t.Errorf("the caller's parameters became %v", params)
		}
	}
	if _, err := drive.Download(t.Context(), "files", client.Params{"id": "empty"}, client.WithChunks()); !errors.Is(err, client.ErrEmptyDownload) {
		t.Errorf("empty: %v", err)
	}
	fake.Inject(agentstest.Fault{Operation: "executeConnector", After: 1, Status: 404})
	d, err := drive.Download(t.Context(), "files", client.Params{"id": "large"}, client.WithChunks())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(d); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a part that is missing: %v", err)
	}
	if _, err := io.ReadAll(d); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("after that: %v", err)
	}
}

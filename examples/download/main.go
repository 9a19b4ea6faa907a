// Download saves a file of a connector. A file on disk is replaced only when
// the new one is complete.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fake := agentstest.NewServer(agentstest.WithConnector("files", agentstest.Connector{
		Slug: "google-drive",
		Entities: map[string]agentstest.Entity{"files": {Files: map[string]agentstest.File{
			"1": {Name: "report.csv", ContentType: "text/csv", Data: []byte("month,sales\n1,100\n2,140\n")},
			"2": {Name: "empty.csv", ContentType: "text/csv"},
		}}},
	}))
	defer fake.Close()
	drive, err := client.Connect(ctx, "google-drive", client.WithWorkspaceName("files"),
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "download")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder of temporary files

	file, err := drive.Download(ctx, "files", client.Params{"id": "1"}, client.WithProgress(func(done, total int64) {
		fmt.Printf("%d of %d bytes\n", done, total)
	}))
	if err != nil {
		return err
	}
	n, err := file.Save(filepath.Join(dir, file.Filename))
	if err != nil {
		return err
	}
	fmt.Printf("saved %s, %s, %d bytes\n", file.Filename, file.ContentType, n)

	// For a file that does not exist, the service sends no bytes.
	if _, err = drive.Download(ctx, "files", client.Params{"id": "2"}); errors.Is(err, client.ErrEmptyDownload) {
		fmt.Println("there is nothing to save")
		return nil
	}
	return err
}

// Credentials shows the three ways of giving the client ID and the secret, and
// which one wins. It sends nothing.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	for _, name := range []string{auth.EnvClientID, auth.EnvClientSecret, auth.EnvOrganizationID, auth.EnvWorkspaceName} {
		if err := os.Unsetenv(name); err != nil { // so that all see the same
			return err
		}
	}
	if _, err := auth.Resolve(auth.Config{}); errors.Is(err, auth.ErrNoCredentials) {
		fmt.Println(err)
	}

	// The environment: the last place that is looked at.
	for name, value := range map[string]string{auth.EnvClientID: "from-environment", auth.EnvClientSecret: "not-shown", auth.EnvWorkspaceName: "acme"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	if err := show(auth.Config{}); err != nil {
		return err
	}

	// Configure: once for the process.
	if err := auth.Configure(auth.Config{ClientID: "from-configure", ClientSecret: "not-shown"}); err != nil {
		return err
	}
	defer auth.Unconfigure()
	if err := show(auth.Config{}); err != nil {
		return err
	}

	// Explicit: what client.WithCredentials and its relatives give.
	return show(auth.Config{ClientID: "from-option", ClientSecret: "not-shown"})
}

func show(explicit auth.Config) error {
	cred, err := auth.Resolve(explicit)
	if err != nil {
		return err
	}
	fmt.Println(cred)
	return nil
}

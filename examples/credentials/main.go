// Credentials shows the three ways to give the client ID and the client secret,
// and which one wins. It sends nothing.
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
		if err := os.Unsetenv(name); err != nil { // so that the output does not depend on the machine
			return err
		}
	}
	if _, err := auth.Resolve(auth.Config{}); errors.Is(err, auth.ErrNoCredentials) {
		fmt.Println(err)
	}

	// The environment is the last place that is looked at.
	for name, value := range map[string]string{auth.EnvClientID: "from-environment", auth.EnvClientSecret: "not-shown", auth.EnvWorkspaceName: "acme"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	if err := show(auth.Config{}); err != nil {
		return err
	}

	// Configure sets the defaults of the process.
	if err := auth.Configure(auth.Config{ClientID: "from-configure", ClientSecret: "not-shown"}); err != nil {
		return err
	}
	defer auth.Unconfigure()
	if err := show(auth.Config{}); err != nil {
		return err
	}

	// Explicit values win. client.WithCredentials and similar options set them.
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

package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/agentsmcp"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// minToken is how many characters a token must have.
const minToken = 20

// readToken reads the file of a bearer token.
func readToken(name string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	switch {
	case token == "":
		return "", fmt.Errorf("the token file %s is empty", name)
	case strings.ContainsFunc(token, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "", fmt.Errorf("the token file %s must have one token and nothing else", name)
	case len(token) < minToken:
		return "", fmt.Errorf("the token in %s can be guessed: it has fewer than %d characters; openssl rand -hex 32 makes one", name, minToken)
	}
	return token, nil
}

// address returns the address to serve. Without a token, it must be a loopback address:
// others can be reached by anybody.
func (c *command) address() (string, error) {
	addr, err := net.ResolveTCPAddr("tcp", c.http)
	if err != nil {
		return "", fmt.Errorf("--http: %w", err)
	}
	if c.token == "" && !addr.IP.IsLoopback() {
		return "", fmt.Errorf("--http %s can be reached from other machines: use a loopback address, such as 127.0.0.1:8080, or --token-file", c.http)
	}
	return addr.String(), nil
}

// serveHTTP serves until ctx is done.
func (c *command) serveHTTP(ctx context.Context, addr string, ws *client.Workspace, opts []agenttools.Option) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/mcp", agentsmcp.Handler(func(r *http.Request) (*client.Workspace, string, error) {
		if !c.authorized(r) {
			return nil, "", errors.New("not the token")
		}
		return ws, "user", nil
	}, opts...))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(os.Stderr, "agents-mcp: serving http://%s/mcp\n", l.Addr())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxEnd)
	defer cancel()
	if srv.Shutdown(end) != nil {
		_ = srv.Close() // what is left ends with the process
	}
	return nil
}

// authorized reports whether a request has the token, if there is one.
func (c *command) authorized(r *http.Request) bool {
	if c.token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(c.token)), sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// Hand does the same as internal/bench/sdk with only net/http and encoding/json. It
// reads the credentials from the environment, keeps a token until it expires,
// finds a connector by its slug, and runs an action.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

type issue struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
}

type service struct {
	http *http.Client
	base string

	mu    sync.Mutex
	token string
	until time.Time
}

func main() {
	start := time.Now()
	ctx := context.Background()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	s := &service{http: &http.Client{Transport: transport}, base: "https://api.airbyte.ai"}
	if host := os.Getenv("AIRBYTE_API_HOST"); host != "" {
		s.base = host
	}
	github, err := s.connector(ctx, "github")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var issues []issue
	err = s.execute(ctx, github, "issues", "list", map[string]any{"per_page": 10}, &issues)
	if err != nil || len(issues) == 0 {
		fmt.Fprintln(os.Stderr, len(issues), err)
		os.Exit(1)
	}
	fmt.Println(time.Since(start).Microseconds())
}

func (s *service) connector(ctx context.Context, slug string) (string, error) {
	var list struct {
		Data []struct {
			ID       string `json:"id"`
			Template struct {
				Slug string `json:"connector_name"`
			} `json:"summarized_source_template"`
		} `json:"data"`
	}
	workspace := os.Getenv("AIRBYTE_WORKSPACE")
	if workspace == "" {
		workspace = "default"
	}
	path := "/api/v1/integrations/connectors?workspace_name=" + url.QueryEscape(workspace)
	if err := s.authorized(ctx, http.MethodGet, path, nil, &list); err != nil {
		return "", err
	}
	for _, c := range list.Data {
		if strings.EqualFold(c.Template.Slug, slug) {
			return c.ID, nil
		}
	}
	return "", fmt.Errorf("no connector %q", slug)
}

func (s *service) execute(ctx context.Context, id, entity, action string, params map[string]any, result any) error {
	answer := struct {
		Status string `json:"status"`
		Result any    `json:"result"`
	}{Result: result}
	path := "/api/v1/integrations/connectors/" + url.PathEscape(id) + "/execute"
	body := map[string]any{"entity": entity, "action": action, "params": params}
	if err := s.authorized(ctx, http.MethodPost, path, body, &answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s.%s ended with status %q", entity, action, answer.Status)
	}
	return nil
}

func (s *service) authorized(ctx context.Context, method, path string, in, out any) error {
	token, err := s.currentToken(ctx)
	if err != nil {
		return err
	}
	return s.send(ctx, method, path, token, in, out)
}

func (s *service) currentToken(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.token, nil
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	err := s.send(ctx, http.MethodPost, "/api/v1/account/applications/token", "", map[string]string{
		"client_id": os.Getenv("AIRBYTE_CLIENT_ID"), "client_secret": os.Getenv("AIRBYTE_CLIENT_SECRET"),
	}, &answer)
	if err != nil {
		return "", err
	}
	s.token = answer.AccessToken
	s.until = time.Now().Add(time.Duration(answer.ExpiresIn)*time.Second - 10*time.Second)
	return s.token, nil
}

func (s *service) send(ctx context.Context, method, path, token string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // what was read is complete or an error
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %.200s", method, path, resp.Status, data)
	}
	return json.Unmarshal(data, out)
}

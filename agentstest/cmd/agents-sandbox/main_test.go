package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-token-lifetime", "30s"}, write, io.Discard)
		_ = write.Close()
	}()
	env := map[string]string{}
	lines := bufio.NewScanner(read)
	for len(env) < 5 && lines.Scan() {
		if line, found := strings.CutPrefix(lines.Text(), "export "); found {
			name, value, _ := strings.Cut(line, "=")
			env[name] = value
		}
	}
	go io.Copy(io.Discard, read)
	body := `{"client_id":"` + env["AIRBYTE_CLIENT_ID"] + `","client_secret":"` + env["AIRBYTE_CLIENT_SECRET"] + `"}`
	req, err := http.NewRequestWithContext(ctx, "POST", env["AIRBYTE_API_HOST"]+"/api/v1/account/applications/token", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(answer), `"expires_in":30`) {
		t.Errorf("%d %s %v", resp.StatusCode, answer, err)
	}
	if env["AIRBYTE_WORKSPACE"] != "default" || env["AIRBYTE_ORGANIZATION_ID"] == "" {
		t.Errorf("environment %v", env)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{{"-addr", "256.0.0.1:x"}, {"-token-lifetime", "0s"}, {"more"}, {"-nonsense"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

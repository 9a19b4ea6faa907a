package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/lean"
)

const module = "github.com/airbyte-agents/airbyte-agents-go"

// build builds the programs in the directories sdk and hand in the same way as
// a user does: in a separate module, and stripped. The caller must remove dir.
func build(ctx context.Context) (dir string, err error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp("", "bench"); err != nil {
		return "", err
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		return dir, err
	}
	files := map[string][]byte{
		"go.sum": sum,
		"go.mod": fmt.Appendf(nil, "module example.com/user\n\ngo 1.26.0\n\nrequire %[1]s v0.0.0\n\nreplace %[1]s => %[2]s\n", module, root),
	}
	for _, name := range []string{"sdk/main.go", "hand/main.go"} {
		if files[name], err = os.ReadFile(filepath.Join("internal/bench", name)); err != nil {
			return dir, err
		}
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return dir, err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return dir, err
		}
	}
	for _, args := range [][]string{
		{"mod", "tidy"},
		{"build", "-trimpath", "-ldflags=-s -w", "-o", "bin/", "./sdk", "./hand"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			return dir, fmt.Errorf("go %s: %w\n%s", args[0], err, out)
		}
	}
	return dir, nil
}

// binarySize compares the sizes of the programs.
func binarySize(ctx context.Context, got results) error {
	dir, err := build(ctx)
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	if err != nil {
		return err
	}
	size := func(name string) (float64, error) {
		info, err := os.Stat(filepath.Join(dir, "bin", name))
		if err != nil {
			return 0, err
		}
		return float64(info.Size()) / (1 << 20), nil
	}
	sdk, err := size("sdk")
	if err != nil {
		return err
	}
	hand, err := size("hand")
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(filepath.Join(dir, "bin", "sdk"))
	if err != nil {
		return err
	}
	others := 0
	for _, m := range info.Deps {
		if m.Path != module {
			others++
		}
	}
	got.put("BinarySize", "sdk-MiB", sdk)
	got.put("BinarySize", "hand-MiB", hand)
	got.put("BinarySize", "more-MiB", sdk-hand)
	got.put("BinarySize", "modules", float64(others))
	return nil
}

// coldStart compares how long the programs take from main to the first
// response, and from start to exit. Both use a server in this process.
func coldStart(ctx context.Context, got results) error {
	dir, err := build(ctx)
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	if err != nil {
		return err
	}
	const id = "0a1b2c3d-0000-4000-8000-00000000000a"
	token := lean.JSON(`{"access_token":"a-token","token_type":"Bearer","expires_in":900}`)
	list := lean.JSON(`{"data":[{"id":"` + id + `","name":"GitHub","summarized_source_template":{"name":"GitHub","connector_name":"github"}}]}`)
	result := lean.JSON(`{"status":"success","result":[{"number":1,"title":"one"}],"connector_metadata":{},"execution_metadata":{"connector_instance_id":"` + id + `"}}`)
	s, err := lean.Start(func(target []byte) *lean.Reply {
		switch {
		case bytes.HasSuffix(target, []byte("/token")):
			return token
		case bytes.HasSuffix(target, []byte("/execute")):
			return result
		}
		return list
	})
	if err != nil {
		return err
	}
	defer s.Close()
	start := func(name string) (main, process float64, err error) {
		cmd := exec.CommandContext(ctx, filepath.Join(dir, "bin", name))
		cmd.Stderr = os.Stderr
		cmd.Env = []string{
			"AIRBYTE_API_HOST=" + s.URL, "AIRBYTE_CLIENT_ID=app", "AIRBYTE_CLIENT_SECRET=a-secret", "AIRBYTE_WORKSPACE=default",
		}
		at := time.Now()
		out, err := cmd.Output()
		process = float64(time.Since(at).Microseconds())
		if err != nil {
			return 0, 0, err
		}
		main, err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		return main, process, err
	}
	of := map[string][]float64{}
	for i := range 61 {
		for _, name := range []string{"sdk", "hand"} {
			main, process, err := start(name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if i > 0 { // the first run reads the files from disk
				of[name+"-µs"] = append(of[name+"-µs"], main)
				of[name+"-process-µs"] = append(of[name+"-process-µs"], process)
			}
		}
	}
	for unit, list := range of {
		got.put("ColdStart", unit, median(list))
	}
	got.put("ColdStart", "main-ratio", median(of["sdk-µs"])/median(of["hand-µs"]))
	got.put("ColdStart", "process-ratio", median(of["sdk-process-µs"])/median(of["hand-process-µs"]))
	return nil
}

// genBuild measures the processor time of building package gen when its
// dependencies are already built. A new comment in the source forces the build.
func genBuild(ctx context.Context, got results) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	source := filepath.Join(root, "gen", "doc.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	once := func() (float64, error) {
		changed, overlay := filepath.Join(dir, "doc.go"), filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(changed, fmt.Appendf(nil, "%s\n// %d\n", text, time.Now().UnixNano()), 0o600); err != nil {
			return 0, err
		}
		if err := os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace":{%q:%q}}`, source, changed), 0o600); err != nil {
			return 0, err
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "./gen")
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("%w\n%s", err, out)
		}
		return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
	}
	var all []float64
	for i := range 6 {
		cpu, err := once()
		if err != nil {
			return err
		}
		if i > 0 { // the first build may include the dependencies
			all = append(all, cpu)
		}
	}
	got.put("GenBuild", "cpu-s", median(all))
	return nil
}

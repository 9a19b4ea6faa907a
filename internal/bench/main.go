// Bench measures what the SDK promises about speed and size, and prints a table
// with the columns what, ours, reference, ratio and target. All values are
// measured in the same run. The table says which ones were not measured. Bench
// runs in the root of the module:
//
//	go run ./internal/bench [-bench REGEXP] [-count N] [-benchtime D] [-strict]
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	pattern := flag.String("bench", ".", "which benchmarks to run, as for go test; BinarySize, ColdStart, GenBuild, TypedSize and TypedBuild are among them")
	count := flag.Int("count", 1, "how often to run each; the table has the medians")
	benchtime := flag.String("benchtime", "8s", "how long to run each, at least")
	strict := flag.Bool("strict", false, "fail if a target is not met")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) // so that temporary files are removed
	defer stop()
	if err := run(ctx, *pattern, *count, *benchtime, *strict); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// results maps "Benchmark/unit" to measurements.
type results map[string][]float64

func run(ctx context.Context, pattern string, count int, benchtime string, strict bool) error {
	filter, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	got := results{}
	if err := goTest(ctx, got, pattern, count, benchtime); err != nil {
		return err
	}
	for _, program := range []struct {
		name    string
		measure func(context.Context, results) error
	}{{"BinarySize", binarySize}, {"ColdStart", coldStart}, {"GenBuild", genBuild}, {"TypedSize", typedSize}, {"TypedBuild", typedBuild}} {
		if !filter.MatchString(program.name) {
			continue
		}
		for range count {
			if err := program.measure(ctx, got); err != nil {
				return fmt.Errorf("%s: %w", program.name, err)
			}
		}
		fmt.Fprintln(os.Stderr, got.line(program.name))
	}
	fmt.Println()
	describe(os.Stdout)
	fmt.Println()
	missed, err := table(os.Stdout, got, pattern == ".")
	if err == nil && strict && missed > 0 {
		err = fmt.Errorf("%d targets not met", missed)
	}
	return err
}

// goTest runs the benchmarks of the packages and prints their output.
func goTest(ctx context.Context, got results, pattern string, count int, benchtime string) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-count", strconv.Itoa(count),
		"-benchtime", benchtime, "-timeout", "0", "-p", "1", "./auth", "./client")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(os.Stderr, lines.Text())
		got.add(lines.Text())
	}
	return cmd.Wait()
}

// procs matches the suffix that go test appends to the name of a benchmark.
var procs = regexp.MustCompile(`-\d+$`)

// add parses a line of the output of go test: a name, a number of iterations,
// and pairs of value and unit.
func (r results) add(line string) {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return
	}
	name := procs.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
	for i := 2; i+1 < len(fields); i += 2 {
		if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
			r.put(name, fields[i+1], v)
		}
	}
}

func (r results) put(name, unit string, v float64) {
	r[name+"/"+unit] = append(r[name+"/"+unit], v)
}

// line returns the medians of the measurements of a benchmark, on one line.
func (r results) line(name string) string {
	var parts []string
	for key := range r {
		if unit, ok := strings.CutPrefix(key, name+"/"); ok {
			parts = append(parts, fmt.Sprintf("%.4g %s", median(r[key]), unit))
		}
	}
	slices.Sort(parts)
	return name + "\t" + strings.Join(parts, "\t")
}

func median(list []float64) float64 {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}

// describe writes a description of this machine.
func describe(w io.Writer) {
	cpu := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`).FindSubmatch(info); m != nil {
			cpu = string(bytes.TrimSpace(m[1]))
		}
	}
	fmt.Fprintf(w, "%s, %d cores, %s/%s, %s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Fprintf(w, ", load %s", strings.Fields(string(load))[0])
	}
	fmt.Fprintln(w)
}

// table writes the rows and returns the number of targets that are not met.
func table(w io.Writer, got results, all bool) (missed int, err error) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "what\tours\treference\tratio\ttarget\tmet")
	for _, row := range rows {
		ours, ref, ratio, met, ok := row.fill(got)
		switch {
		case ok:
			if met == notMet {
				missed++
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", row.what, ours, ref, ratio, row.target, met)
		case all:
			fmt.Fprintf(tw, "%s\t-\t-\t-\t%s\tnot run\n", row.what, row.target)
		}
	}
	return missed, tw.Flush()
}

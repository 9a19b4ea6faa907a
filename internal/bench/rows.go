package main

import (
	"fmt"
	"slices"
)

// A row describes a row of the table: its measurements and their target.
type row struct {
	what      string
	ours      value
	reference value
	ratio     value // compared with the target if it has a key; otherwise ours is
	target    string
	ok        func(float64) bool // nil if there is no target
}

// A value is a measurement and its format.
type value struct {
	key    string // "Benchmark/unit", or "" if there is none
	format string
}

func atMost(limit float64) func(float64) bool  { return func(v float64) bool { return v <= limit } }
func atLeast(limit float64) func(float64) bool { return func(v float64) bool { return v >= limit } }

var rows = slices.Concat(
	[]row{
		{
			what: "Execute[[]T] of 100 records, 25 KB: time", ours: value{"Execute/sdk-µs", "%.0f µs"}, reference: value{"Execute/hand-µs", "%.0f µs"},
			ratio: value{"Execute/time-ratio", "%.2f"}, target: "<= 0.70", ok: atMost(0.70),
		},
		{
			what: "- bytes allocated", ours: value{"Execute/sdk-B", "%.0f"}, reference: value{"Execute/hand-B", "%.0f"},
			ratio: value{"Execute/bytes-ratio", "%.2f"}, target: "<= 0.55", ok: atMost(0.55),
		},
		{
			what: "- by a reference that knows the length before", ours: value{"Execute/sdk-B", "%.0f"},
			reference: value{"Execute/presized-B", "%.0f"},
			ratio:     value{"Execute/presized-ratio", "%.2f"}, target: "-",
		},
		{
			what: "- allocations", ours: value{"Execute/sdk-allocs", "%.0f"}, reference: value{"Execute/hand-allocs", "%.0f"},
			ratio: value{"Execute/allocs-fewer", "%.0f fewer"}, target: ">= 400 fewer", ok: atLeast(400),
		},
		{
			what: "decoding the page into []T", ours: value{"Decode/sdk-µs", "%.0f µs"}, reference: value{"Decode/hand-µs", "%.0f µs"},
			ratio: value{"Decode/time-ratio", "%.2f"}, target: "<= 0.60", ok: atMost(0.60),
		},
		{
			what: "the least that any client must do: Execute[[]T]", ours: value{"Least/sdk-µs", "%.0f µs"}, reference: value{"Least/hand-µs", "%.0f µs"},
			ratio: value{"Least/time-ratio", "%.2f"}, target: "<= 1.10", ok: atMost(1.10),
		},
		{
			what: "- bytes allocated", ours: value{"Least/sdk-B", "%.0f"}, reference: value{"Least/hand-B", "%.0f"},
			ratio: value{"Least/bytes-ratio", "%.2f"}, target: "-",
		},
		{
			what: "- allocations", ours: value{"Least/sdk-allocs", "%.0f"}, reference: value{"Least/hand-allocs", "%.0f"}, target: "-",
		},
		{
			what: "- 100 pages of All", ours: value{"LeastPages/rows-new/sdk-µs", "%.0f µs"}, reference: value{"LeastPages/rows-new/hand-µs", "%.0f µs"},
			ratio: value{"LeastPages/rows-new/time-ratio", "%.2f"}, target: "<= 1.10", ok: atMost(1.10),
		},
		{
			what: "- by a least that decodes into the same slice", ours: value{"LeastPages/rows-again/sdk-µs", "%.0f µs"}, reference: value{"LeastPages/rows-again/hand-µs", "%.0f µs"},
			ratio: value{"LeastPages/rows-again/time-ratio", "%.2f"}, target: "-",
		},
		{
			what: "WithPrefetch, 20 ms each side, by All without", ours: value{"Prefetch/sdk-µs", "%.0f µs"}, reference: value{"Prefetch/hand-µs", "%.0f µs"},
			ratio: value{"Prefetch/time-ratio", "%.2f"}, target: "<= 0.55", ok: atMost(0.55),
		},
		{
			what: "a typed connector, by a struct by hand: List", ours: value{"Typed/List/sdk-µs", "%.0f µs"}, reference: value{"Typed/List/hand-µs", "%.0f µs"},
			ratio: value{"Typed/List/time-ratio", "%.2f"}, target: "<= 1.15", ok: atMost(1.15),
		},
		{
			what: "- All, 20 pages", ours: value{"Typed/All/sdk-µs", "%.0f µs"}, reference: value{"Typed/All/hand-µs", "%.0f µs"},
			ratio: value{"Typed/All/time-ratio", "%.2f"}, target: "<= 1.15", ok: atMost(1.15),
		},
	},
	scale(64, ">= 1.6", atLeast(1.6)), scale(512, "-", nil), scale(4096, "-", nil),
	[]row{
		{
			what: "token requests of 1,000 first calls at once", ours: value{"FirstCalls/token-requests", "%.0f"},
			target: "1", ok: atMost(1),
		},
		{
			what: "p99 of calls during a refresh, by those without", ours: value{"DuringRefresh/refresh-p99-µs", "%.0f µs"},
			reference: value{"DuringRefresh/quiet-p99-µs", "%.0f µs"}, ratio: value{"DuringRefresh/p99-ratio", "%.2f"},
			target: "as without (<= 1.25)", ok: atMost(1.25),
		},
		{
			what: "cached Token(ctx), by x/oauth2's", ours: value{"Token/sdk-ns", "%.0f ns"}, reference: value{"Token/oauth2-ns", "%.0f ns"},
			ratio: value{"Token/time-ratio", "%.2f"}, target: "-",
		},
		{
			what: "- time, of which reading the clock", ours: value{"Token/sdk-ns", "%.1f ns"}, reference: value{"Token/clock-ns", "%.1f ns"},
			target: "<= 50 ns", ok: atMost(50),
		},
		{what: "- allocations", ours: value{"Token/sdk-allocs", "%.0f"}, target: "0", ok: atMost(0)},
		{
			what: "1,000 pages of 100 records: growth of the live heap", ours: value{"AllHeap/grown-pages", "%.2f pages"},
			target: "<= 2 pages", ok: atMost(2),
		},
		{
			what: "download of 1 GiB: extra heap, in all", ours: value{"DownloadHeap/heap-MiB", "%.2f MiB"},
			target: "<= 1 MiB", ok: atMost(1),
		},
		{
			what: "10,000 connectors: bytes each", ours: value{"Connectors/B/connector", "%.0f"},
			target: "<= 1024", ok: atMost(1024),
		},
		{
			what: "- each with a client of its own", ours: value{"Connectors/B/connector+client", "%.0f"}, target: "-",
		},
		{
			what: "cold start: main to first answer", ours: value{"ColdStart/sdk-µs", "%.0f µs"}, reference: value{"ColdStart/hand-µs", "%.0f µs"},
			ratio: value{"ColdStart/main-ratio", "%.2f"}, target: "-",
		},
		{
			what: "- the whole process", ours: value{"ColdStart/sdk-process-µs", "%.0f µs"}, reference: value{"ColdStart/hand-process-µs", "%.0f µs"},
			ratio: value{"ColdStart/process-ratio", "%.2f"}, target: "-",
		},
		{
			what: "a user's program, stripped: MiB", ours: value{"BinarySize/sdk-MiB", "%.2f"}, reference: value{"BinarySize/hand-MiB", "%.2f"},
			ratio: value{"BinarySize/more-MiB", "+%.2f"}, target: "<= +1.00", ok: atMost(1.0),
		},
		{what: "- modules linked", ours: value{"BinarySize/modules", "%.0f"}, target: "<= 5", ok: atMost(5)},
		{what: "the whole of client, beyond net/http alone: MiB", ours: value{"TypedSize/whole-MiB", "%.2f"}, target: "-"},
		{what: "- Connect and Execute: KB", ours: value{"TypedSize/whole-call-KB", "%.0f"}, target: "-"},
		{what: "- then All: KB", ours: value{"TypedSize/whole-all-KB", "%.0f"}, target: "-"},
		{what: "- then Search: KB", ours: value{"TypedSize/whole-search-KB", "%.0f"}, target: "-"},
		{what: "- then Download and Save: KB", ours: value{"TypedSize/whole-download-KB", "%.0f"}, target: "-"},
		{what: "- then a list of a generated package: KB", ours: value{"TypedSize/whole-typed-KB", "%.0f"}, target: "-"},
		{what: "a generated package: one get: KB", ours: value{"TypedSize/get-KB", "%.0f"}, target: "<= 60", ok: atMost(60)},
		{what: "- one list: KB", ours: value{"TypedSize/list-KB", "%.0f"}, target: "<= 60", ok: atMost(60)},
		{what: "- a loop over all pages, beyond one of All: KB", ours: value{"TypedSize/all-KB", "%.0f"}, target: "<= 60", ok: atMost(60)},
		{what: "each further type of Execute: KB", ours: value{"TypedSize/Execute-KB", "%.1f"}, target: "<= 4", ok: atMost(4)},
		{what: "- of All, without the loop itself: KB", ours: value{"TypedSize/All-KB", "%.1f"}, target: "<= 4", ok: atMost(4)},
		{what: "- of Search, without the loop itself: KB", ours: value{"TypedSize/Search-KB", "%.1f"}, target: "<= 4", ok: atMost(4)},
		{what: "go build of a generated package, 50 operations: user CPU", ours: value{"TypedBuild/fifty-s", "%.2f s"}, target: "<= 0.8 s", ok: atMost(0.8)},
		{what: "- of a program, 20 types each of Execute, All and Search", ours: value{"TypedBuild/sixty-s", "%.2f s"}, target: "-"},
		{what: "go build of gen: CPU", ours: value{"GenBuild/cpu-s", "%.2f s"}, target: "<= 3 s", ok: atMost(3)},
	},
	growth("records", "records of a page", 1, 10, 100, 1_000, 10_000, 100_000),
	growth("workers", "workers", 1, 4, 40, 410, 4_096),
	growth("connectors", "connectors, made and called", 1, 10, 100, 1_000, 10_000),
)

// growth returns the rows for work of several sizes.
func growth(name, what string, sizes ...int) []row {
	var list []row
	for _, n := range sizes {
		list = append(list, row{what: fmt.Sprintf("%d %s: time for each", n, what), ours: value{fmt.Sprintf("Growth/%s/µs-each-of-%d", name, n), "%.1f µs"}, target: "-"})
	}
	return append(list, row{what: "- exponent of the growth", ours: value{"Growth/" + name + "/exponent", "%.2f"}, target: "<= 1.2", ok: atMost(1.2)})
}

// scale returns the rows for a number of workers.
func scale(workers int, target string, ok func(float64) bool) []row {
	name := fmt.Sprintf("Scale/%d/", workers)
	pair := func(what, unit, format string) row {
		return row{what: what, ours: value{name + "sdk-" + unit, format}, reference: value{name + "hand-" + unit, format}, target: "-"}
	}
	rate := pair(fmt.Sprintf("%d workers: calls per second", workers), "calls/s", "%.0f")
	rate.ratio, rate.target, rate.ok = value{name + "rate-ratio", "%.2f"}, target, ok
	return []row{
		rate,
		pair("- p50", "p50-ms", "%.1f ms"),
		pair("- p99", "p99-ms", "%.1f ms"),
		pair("- goroutines at most", "goroutines", "%.0f"),
		pair("- connections open at most", "conns", "%.0f"),
	}
}

// notMet marks a target that is not met.
const notMet = "NO"

// fill returns the text of a row. It returns false if a measurement is missing.
func (r row) fill(got results) (ours, reference, ratio, met string, ok bool) {
	show := func(v value) (string, float64, bool) {
		if v.key == "" {
			return "-", 0, true
		}
		list := got[v.key]
		if len(list) == 0 {
			return "", 0, false
		}
		return fmt.Sprintf(v.format, median(list)), median(list), true
	}
	ours, counts, ok1 := show(r.ours)
	reference, _, ok2 := show(r.reference)
	ratio, relative, ok3 := show(r.ratio)
	if r.ours.key == "" || !ok1 || !ok2 || !ok3 {
		return "", "", "", "", false
	}
	if r.ratio.key != "" {
		counts = relative
	}
	switch {
	case r.ok == nil:
		met = ""
	case r.ok(counts):
		met = "yes"
	default:
		met = notMet
	}
	return ours, reference, ratio, met, true
}

package answer

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	field := func(f, m, c string) []Field { return []Field{{Field: f, Message: m, Code: c}} }
	for _, tt := range []struct {
		name, body string
		want       Reason
	}{
		{"empty", "", Reason{}},
		{"white space", " \n", Reason{}},
		{"message", `{"message":"no such thing"}`, Reason{Message: "no such thing"}},
		{"message and errors", `{"message":"bad","errors":[{"field":"name","message":"too long","error_code":"len"}]}`,
			Reason{Code: "len", Message: "bad", Fields: field("name", "too long", "len")}},
		{"errors alone", `{"errors":[{"field":"name","message":"too long"},{"message":"other"}]}`,
			Reason{Message: "name: too long; other", Fields: []Field{{Field: "name", Message: "too long"}, {Message: "other"}}}},
		{"null message", `{"message":null,"errors":null}`, Reason{}},
		{"details", `{"errors":[{"details":{"max":3}}]}`, Reason{Fields: []Field{{Details: map[string]any{"max": 3.0}}}}},
		{"detail text", `{"detail":"Not Found"}`, Reason{Message: "Not Found"}},
		{"detail list", `{"detail":[{"loc":["body","tags",0],"msg":"not a string","type":"string_type"}]}`,
			Reason{Code: "string_type", Message: "tags.0: not a string", Fields: field("tags.0", "not a string", "string_type")}},
		{"detail object", `{"detail":{"message":"locked","code":"E1"}}`, Reason{Code: "E1", Message: "locked"}},
		{"oauth", `{"error":"invalid_client","error_description":"wrong secret"}`, Reason{Code: "invalid_client", Message: "wrong secret"}},
		{"error text", `{"error":"boom"}`, Reason{Message: "boom"}},
		{"error object", `{"error":{"message":"boom","code":7}}`, Reason{Code: "7", Message: "boom"}},
		{"string", `"boom"`, Reason{Message: "boom"}},
		{"list", `["boom"]`, Reason{Message: `["boom"]`}},
		{"html title", "<!doctype html><html><head><title>502 Bad\n Gateway</title></head><body>x</body></html>", Reason{Message: "502 Bad Gateway"}},
		{"html text", "<h1>Gone &amp; lost</h1><p>sorry", Reason{Message: "Gone & lost sorry"}},
		{"text", "upstream connect error\r\n", Reason{Message: "upstream connect error"}},
		{"truncated json", `{"message":"half`, Reason{Message: `{"message":"half`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Parse([]byte(tt.body)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q)\n got %+v\nwant %+v", tt.body, got, tt.want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		in   string
		want time.Duration
		ok   bool
	}{
		{"", 0, false},
		{"0", 0, true},
		{"3", 3 * time.Second, true},
		{" 3 ", 3 * time.Second, true},
		{"1.5", 1500 * time.Millisecond, true},
		{"-1", 0, false},
		{"NaN", 0, false},
		{"Inf", 0, false},
		{"Infinity", 0, false},
		{"1e3", 0, false},
		{"0x10", 0, false},
		{"1_0", 0, false},
		{"1.2.3", 0, false},
		{".5", 0, false},
		{strings.Repeat("9", 30), maxRetryAfter, true},
		{strings.Repeat("9", 400), maxRetryAfter, true},
		{time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat), maxRetryAfter, true},
		{"soon", 0, false},
		{now.Add(time.Minute).Format(http.TimeFormat), time.Minute, true},
		{now.Add(-time.Minute).Format(http.TimeFormat), 0, true},
	} {
		got, ok := RetryAfter(http.Header{"Retry-After": {tt.in}}, now)
		if got != tt.want || ok != tt.ok {
			t.Errorf("RetryAfter(%q) = %v, %v; want %v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// The time between two dates of one server is right, whatever the clock here says.
func TestRetryAfterIsMeasuredWithTheServersClock(t *testing.T) {
	server := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, off := range []time.Duration{-time.Hour, 0, time.Hour} {
		h := http.Header{"Date": {server.Format(http.TimeFormat)}, "Retry-After": {server.Add(3 * time.Second).Format(http.TimeFormat)}}
		if d, ok := RetryAfter(h, server.Add(off)); d != 3*time.Second || !ok {
			t.Errorf("clock off by %v: %v, %v; want 3s", off, d, ok)
		}
	}
	h := http.Header{"Date": {"today"}, "Retry-After": {server.Format(http.TimeFormat)}}
	if d, ok := RetryAfter(h, server.Add(-time.Minute)); d != time.Minute || !ok {
		t.Errorf("a Date that is none: %v, %v; want 1m", d, ok)
	}
}

func TestRequestID(t *testing.T) {
	h := http.Header{}
	if got := RequestID(h); got != "" {
		t.Errorf("no header: %q", got)
	}
	h.Set("Cf-Ray", "ray")
	if got := RequestID(h); got != "ray" {
		t.Errorf("got %q, want ray", got)
	}
	h.Set("X-Request-ID", strings.Repeat("x", 1000))
	if got := RequestID(h); len(got) > maxID || !strings.HasPrefix(got, "xxx") {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"message":"bad","errors":[{"field":"name","details":{}}]}`))
	f.Add([]byte(`{"detail":[{"loc":["body",1],"msg":"x","type":"y"}]}`))
	f.Add([]byte("<html><TITLE>\xff</title>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := Parse(body)
		if len(r.Message) > maxText || !utf8.ValidString(r.Message) || strings.ContainsAny(r.Message, "\r\n\x00\x1b") {
			t.Errorf("message %q", r.Message)
		}
	})
}

// FuzzRetryAfter tests that only plain numbers and dates are times, that a date is
// measured by the clock that it comes from, and that no time is negative or endless.
func FuzzRetryAfter(f *testing.F) {
	for _, v := range []string{"3", "0.5", "Infinity", "1e3", "0x1p4", "1_000", "-1", "+1", "٣", "99999999999999999999", "Fri, 02 Jan 2026 03:04:05 GMT", "Friday, 02-Jan-26 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:05 CET"} {
		f.Add(v, "Fri, 02 Jan 2026 03:00:00 GMT", int64(1767322800), int64(90))
	}
	plain := regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	f.Fuzz(func(t *testing.T, v, date string, now, apart int64) {
		clock := time.Unix(now%(1<<40), 0).UTC()
		d, ok := RetryAfter(http.Header{"Retry-After": {v}, "Date": {date}}, clock)
		if d < 0 || d > maxRetryAfter || !ok && d != 0 {
			t.Errorf("RetryAfter(%q, %q) = %v, %v", v, date, d, ok)
		}
		trimmed := strings.TrimSpace(v)
		at, err := http.ParseTime(trimmed)
		number := plain.MatchString(trimmed)
		if ok != (number || err == nil) {
			t.Errorf("%q is a time: %v", v, ok)
		}
		if number {
			if other, _ := RetryAfter(http.Header{"Retry-After": {v}}, clock.Add(time.Hour)); other != d {
				t.Errorf("%q is %v or %v, by the clock", v, d, other)
			}
			if secs, err := strconv.Atoi(trimmed); err == nil && secs < 1<<20 && d != time.Duration(secs)*time.Second {
				t.Errorf("%q is %v", v, d)
			}
		} else if _, noDate := http.ParseTime(date); err == nil && noDate != nil && d != min(max(at.Sub(clock), 0), maxRetryAfter) {
			t.Errorf("%q at %v is %v", v, clock, d)
		}
		apart %= 1 << 24
		sent := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		h := http.Header{"Date": {sent.Format(http.TimeFormat)}, "Retry-After": {sent.Add(time.Duration(apart) * time.Second).Format(http.TimeFormat)}}
		if d, ok := RetryAfter(h, clock); !ok || d != max(time.Duration(apart)*time.Second, 0) {
			t.Errorf("%d seconds by the clock of the service are %v, %v", apart, d, ok)
		}
	})
}

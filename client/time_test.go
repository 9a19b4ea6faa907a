package client_test

import (
	"encoding/json"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestTime(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		json string
		want time.Time
		text string
		back string // "" means as it came
	}{
		{json: `null`},
		{json: `""`, back: `null`},
		{json: `"2026-01-02T12:00:00Z"`, want: noon},
		{json: `"2026-01-02T12:00:00.25Z"`, want: noon.Add(250 * time.Millisecond)},
		{json: `"2026-01-02T14:00:00+02:00"`, want: noon},
		{json: `"2026-01-02T12:00:00.000+0000"`, want: noon, back: `"2026-01-02T12:00:00Z"`},
		{json: `"2026-01-02T12:00:00+00"`, want: noon, back: `"2026-01-02T12:00:00Z"`},
		{json: `"2026-01-02 12:00:00 +0000"`, want: noon, back: `"2026-01-02T12:00:00Z"`},
		{json: `" 2026-01-02 "`, want: noon.Add(-12 * time.Hour), back: `"2026-01-02T00:00:00Z"`},
		{json: `"2026-01-02T12:00:00"`, text: "2026-01-02T12:00:00"}, // of which zone?
		{json: `"yesterday"`, text: "yesterday"},
		{json: `"1767355200"`, text: "1767355200"},
		{json: `1767355200`, text: "1767355200"},
		{json: `{"a":1}`, text: `{"a":1}`},
	}
	for _, test := range tests {
		for name, decode := range map[string]func([]byte, any) error{
			"v1": json.Unmarshal, "v2": func(b []byte, v any) error { return jsonv2.Unmarshal(b, v) },
		} {
			v := struct{ At client.Time }{client.Time{Time: noon.Add(time.Hour)}}
			if err := decode([]byte(`{"At":`+test.json+`}`), &v); err != nil {
				t.Errorf("%s, %s: %v", name, test.json, err)
				continue
			}
			if !v.At.Equal(test.want) || v.At.Text() != test.text || v.At.IsZero() != (test.want.IsZero() && test.text == "") {
				t.Errorf("%s, %s: %v, text %q", name, test.json, v.At.Time, v.At.Text())
			}
			want := test.back
			if want == "" {
				want = test.json
			}
			if b, err := json.Marshal(v.At); err != nil || string(b) != want {
				t.Errorf("%s, %s: marshals as %s, %v", name, test.json, b, err)
			}
			var again client.Time
			if err := again.UnmarshalText([]byte(v.At.String())); err != nil || !again.Equal(v.At.Time) || again.Text() != v.At.Text() {
				t.Errorf("%s, %s: its text %q is read as %v", name, test.json, v.At, again)
			}
		}
	}
	if b, err := json.Marshal(struct {
		At client.Time `json:",omitzero"`
	}{}); err != nil || string(b) != "{}" {
		t.Errorf("a zero time is not left out: %s, %v", b, err)
	}
}

func TestTimeInAFilter(t *testing.T) {
	var odd client.Time
	if err := odd.UnmarshalText([]byte("Q1")); err != nil {
		t.Fatal(err)
	}
	for want, at := range map[string]client.Time{
		`{"gt":{"at":"2026-01-02T12:00:00Z"}}`: {Time: time.Date(2026, 1, 2, 13, 0, 0, 0, time.FixedZone("", 3600))},
		`{"gt":{"at":"Q1"}}`:                   odd,
	} {
		p, err := client.Query{Filter: client.Where("at").Gt(at)}.Params()
		if err != nil {
			t.Fatal(err)
		}
		query, _ := p["query"].(map[string]any)
		if b, err := json.Marshal(query["filter"]); err != nil || string(b) != want {
			t.Errorf("the filter is %s, %v, want %s", b, err, want)
		}
	}
}

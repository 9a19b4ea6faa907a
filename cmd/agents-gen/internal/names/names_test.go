package names

import (
	"go/token"
	"testing"
)

func TestExported(t *testing.T) {
	for name, want := range map[string]string{
		"id": "ID", "user_id": "UserID", "userId": "UserID", "html_url": "HTMLURL", "HTMLUrl": "HTMLURL", "tps_reports": "TpsReports",
		"weightKg": "WeightKg", "OPEN": "Open", "on hold": "OnHold", "+1": "Plus1", "-1": "Minus1", "16x16": "X16x16",
		"_links": "Links", "odd,\"name": "OddName", "segments.date": "SegmentsDate", "filter[type]": "FilterType",
		"": "Empty", "<=": "LessEqual", "größe": "Größe", "名前": "X名前", "a\u202eb\u3164c": "ABC", "\u200b": "Value", "APIKey": "APIKey",
		"meta_data": "MetaData", "../../x": "X", "utf8_text": "UTF8Text", "v2": "V2", "eMail": "EMail", "$top": "Top", "\ufffd": "Value",
	} {
		got := Exported(name)
		if got != want || !token.IsExported(got) || !token.IsIdentifier(got) {
			t.Errorf("Exported(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLower(t *testing.T) {
	for name, want := range map[string]string{"TicketsList": "ticketsList", "URLList": "urlList", "ID": "id", "APIKeysGet": "apiKeysGet", "X名前List": "x名前List", "AList": "aList"} {
		if got := Lower(name); got != want {
			t.Errorf("Lower(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSettle(t *testing.T) {
	tests := []struct {
		reserved []string
		claims   []*Claim
		want     []string
	}{
		{nil, claims("user_id", "userId"), []string{"UserID2", "UserID"}},
		{nil, claims("userId", "user_id"), []string{"UserID", "UserID2"}},
		{nil, claims("meta_data", "metadata"), []string{"MetaData2", "Metadata"}}, // they differ in case alone
		{nil, claims("_links", "links"), []string{"Links2", "Links"}},
		{nil, claims("user_id", "userId", "user_id_2"), []string{"UserID3", "UserID", "UserID2"}}, // nobody loses a name to a number
		{nil, claims("a_1", "a1"), []string{"A1_2", "A1"}},
		{[]string{"Extra"}, claims("extra"), []string{"Extra2"}},
	}
	for _, test := range tests {
		var s Scope
		s.Reserve(test.reserved...)
		s.Settle(test.claims)
		for i, c := range test.claims {
			if c.Got != test.want[i] {
				t.Errorf("%q became %s, want %s", c.Key, c.Got, test.want[i])
			}
		}
	}

	low := &Claim{Want: "Connector", Else: "ConnectorEntity", Rank: 2, Key: "a"}
	high := &Claim{Want: "Connector", Else: "ConnectorEntity", Rank: 1, Key: "b"}
	var s Scope
	s.Reserve("Connector")
	s.Settle([]*Claim{low, high})
	if high.Got != "ConnectorEntity" || low.Got != "ConnectorEntity2" || !low.Renamed() {
		t.Errorf("got %s and %s", high.Got, low.Got)
	}
}

func claims(names ...string) []*Claim {
	var all []*Claim
	for _, name := range names {
		all = append(all, &Claim{Want: Exported(name), Key: name})
	}
	return all
}

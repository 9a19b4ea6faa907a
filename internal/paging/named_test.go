package paging

import "testing"

func TestDeclare(t *testing.T) {
	for name, test := range map[string]struct {
		described Described
		want      Role
		integer   bool
	}{
		"cursor":             {Described{Name: "cursor", Type: "string"}, Cursor, false},
		"cursor as a number": {Described{Name: "cursor", Type: "integer"}, Cursor, true},
		"after":              {Described{Name: "after", Type: "string", Description: "The cursor of the page before"}, Cursor, false},
		"after a date":       {Described{Name: "after", Type: "string", Description: "Only records after this date"}, "", false},
		"after by format":    {Described{Name: "after", Type: "string", Format: "date-time"}, "", false},
		"token":              {Described{Name: "pageToken", Type: "string"}, Cursor, false},
		"in brackets":        {Described{Name: "page[cursor]", Type: "string"}, Cursor, false},
		"size in brackets":   {Described{Name: "page[size]", Type: "integer"}, Size, true},
		"page":               {Described{Name: "page", Type: "integer"}, Count1, true},
		"page from 0":        {Described{Name: "page", Type: "integer", Default: "0"}, Count0, true},
		"offset":             {Described{Name: "offset", Type: "integer"}, Offset, true},
		"offset as a token":  {Described{Name: "offset", Type: "string"}, Cursor, false},
		"offset of any type": {Described{Name: "offset"}, Offset, false},
		"start":              {Described{Name: "start", Type: "integer"}, Offset, true},
		"start, a time":      {Described{Name: "start", Type: "string"}, "", false},
		"last ID":            {Described{Name: "starting_after", Type: "string"}, LastID, false},
		"limit":              {Described{Name: "limit", Type: "integer"}, Size, true},
		"limit of text":      {Described{Name: "limit", Type: "string"}, "", false},
		"link":               {Described{Name: "next_page_url", Type: "string"}, Cursor, false},
		"filter":             {Described{Name: "state", Type: "string"}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var got Param
			if list := Declare([]Described{test.described}); len(list) > 0 {
				got = list[0]
			}
			if got.Role != test.want || got.Integer != test.integer {
				t.Errorf("%+v, want the role %q, integer %t", got, test.want, test.integer)
			}
		})
	}
}

// Of several parameters, the one is taken that takes what the page brought.
func TestDescribedParameterFitsThePage(t *testing.T) {
	declared := Declare([]Described{
		{Name: "cursor", Type: "string"}, {Name: "next_page_url", Type: "string"}, {Name: "offset", Type: "integer"}, {Name: "page", Type: "integer"}, {Name: "page_token", Type: "string"},
	})
	for meta, want := range map[string]string{
		`{"next_cursor":"c"}`:                 `{"cursor":"c"}`,
		`{"next_page_token":"c"}`:             `{"page_token":"c"}`,
		`{"next_offset":20}`:                  `{"offset":20}`,
		`{"next_page":2}`:                     `{"page":2}`,
		`{"page":1,"total_pages":3}`:          `{"page":2}`,
		`{"offset":0,"limit":10,"total":33}`:  `{"offset":10}`,
		`{"next":"https://x/y?page=2"}`:       `{"page":2}`,
		`{"next":"/y?page_token=c"}`:          `{"page_token":"c"}`,
		`{"next":"https://x/y/2"}`:            `{"next_page_url":"https://x/y/2"}`,
		`{"has_more":false,"next_cursor":""}`: "end",
	} {
		out := Next(In{Metadata: []byte(meta), Declared: declared, Known: true, Count: 10, Records: []byte("1")})
		if got := verdict(out); got != want {
			t.Errorf("%s leads to %s (%s), want %s", meta, got, out.Why, want)
		}
	}
}

func TestNextAsksForTheDescription(t *testing.T) {
	for name, test := range map[string]struct {
		in   In
		want bool
	}{
		"a cursor":           {In{Metadata: []byte(`{"next_cursor":"c"}`)}, true},
		"a link":             {In{Metadata: []byte(`{"next":"https://x/2"}`)}, true},
		"nothing":            {In{Metadata: []byte(`{}`)}, false},
		"ten records":        {In{Metadata: []byte(`{}`), Count: 10}, true},
		"eleven records":     {In{Metadata: []byte(`{}`), Count: 11}, false},
		"ten, and no more":   {In{Metadata: []byte(`{"has_more":false}`), Count: 10}, false},
		"no more":            {In{Metadata: []byte(`{"has_more":false}`), Params: map[string]any{"page": 1}}, false},
		"a page was asked":   {In{Metadata: []byte(`{}`), Params: map[string]any{"page": 1}}, true},
		"a size that is met": {In{Metadata: []byte(`{}`), Params: map[string]any{"per_page": 3}}, true},
		"a size that is not": {In{Metadata: []byte(`{}`), Params: map[string]any{"per_page": 4}}, false},
		"known":              {In{Metadata: []byte(`{"next_cursor":"c"}`), Known: true}, false},
		"named":              {In{Metadata: []byte(`{"next_cursor":"c"}`), Param: "x"}, false},
	} {
		if test.in.Records = []byte("1"); test.in.Count == 0 {
			test.in.Count = 3
		}
		if got := Next(test.in).Ask; got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

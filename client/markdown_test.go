package client_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestBlockMarkdown(t *testing.T) {
	for name, tc := range map[string]struct {
		block client.DocsBlock
		want  string
	}{
		"nothing":                      {client.DocsBlock{}, ""},
		"a heading":                    {client.DocsBlock{Type: client.BlockHeading, Level: 2, Text: "Issues"}, "## Issues"},
		"a heading without a level":    {client.DocsBlock{Type: client.BlockHeading, Text: "Issues"}, "# Issues"},
		"a heading too high":           {client.DocsBlock{Type: client.BlockHeading, Level: -3, Text: "Issues"}, "# Issues"},
		"a heading too low":            {client.DocsBlock{Type: client.BlockHeading, Level: 7, Text: "Issues"}, "###### Issues"},
		"a heading of two lines":       {client.DocsBlock{Type: client.BlockHeading, Level: 1, Text: " Issues\r\n and  pulls \n"}, "# Issues and pulls"},
		"a heading without text":       {client.DocsBlock{Type: client.BlockHeading, Level: 1, Text: " \n"}, ""},
		"a paragraph":                  {client.DocsBlock{Type: client.BlockParagraph, Text: "Use *list*, see [docs](https://example.com) <b>now</b>."}, "Use *list*, see [docs](https://example.com) <b>now</b>."},
		"a paragraph of lines":         {client.DocsBlock{Type: client.BlockParagraph, Text: "\n\none  \r\ntwo\t\rthree\n\nfour\n \n"}, "one\ntwo\nthree\n\nfour"},
		"a paragraph of white space":   {client.DocsBlock{Type: client.BlockParagraph, Text: " \t\r\n"}, ""},
		"a fence in a paragraph":       {client.DocsBlock{Type: client.BlockParagraph, Text: "see\n```go\nx\n```\nthat"}, "see\n```go\nx\n```\nthat"},
		"a fence left open":            {client.DocsBlock{Type: client.BlockParagraph, Text: "see\n````go\n```\nx"}, "see\n````go\n```\nx\n````"},
		"a fence of tildes left open":  {client.DocsBlock{Type: client.BlockParagraph, Text: "~~~ a`b\n```"}, "~~~ a`b\n```\n~~~"},
		"a fence that is none":         {client.DocsBlock{Type: client.BlockParagraph, Text: "```a`b\n    ```\n``"}, "```a`b\n    ```\n``"},
		"a fence in a list in a text":  {client.DocsBlock{Type: client.BlockParagraph, Text: "- a\n  ```\n  b"}, "- a\n  ```\n  b"},
		"a fence after a list":         {client.DocsBlock{Type: client.BlockParagraph, Text: "- a\n\nb\n ```\nc"}, "- a\n\nb\n ```\nc\n```"},
		"a list":                       {client.DocsBlock{Type: client.BlockList, Items: []string{"one", "two"}}, "- one\n- two"},
		"a list of lines":              {client.DocsBlock{Type: client.BlockList, Items: []string{" one\r\nmore \n\nand more\n", "", " ", "two"}}, "- one\n  more\n\n  and more\n- two"},
		"a list of nothing":            {client.DocsBlock{Type: client.BlockList, Items: []string{"", "\n"}}, ""},
		"code":                         {client.DocsBlock{Type: client.BlockCode, Language: "json", Code: "{\n  \"a\": 1\n}\n"}, "```json\n{\n  \"a\": 1\n}\n```"},
		"code with white space":        {client.DocsBlock{Type: client.BlockCode, Code: "\n\tx := 1  \r\n\r\ny\r"}, "```\n\n\tx := 1  \n\ny\n```"},
		"code with fences":             {client.DocsBlock{Type: client.BlockCode, Language: "md", Code: "```go\nx\n```"}, "````md\n```go\nx\n```\n````"},
		"code with backticks":          {client.DocsBlock{Type: client.BlockCode, Code: "a ```````` b ``` c ````"}, "`````````\na ```````` b ``` c ````\n`````````"},
		"code of a language that ends": {client.DocsBlock{Type: client.BlockCode, Language: " c``` \n x\u0085y ", Code: "1"}, "```c x y\n1\n```"},
		"no code":                      {client.DocsBlock{Type: client.BlockCode, Language: "go"}, ""},
		"a table":                      {client.DocsBlock{Type: client.BlockTable, Headers: []string{"A", "B"}, Rows: [][]string{{"1", "2"}, {"3", "4"}}}, "| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"},
		"a table without rows":         {client.DocsBlock{Type: client.BlockTable, Headers: []string{"A"}}, "| A |\n| --- |"},
		"a table without headers":      {client.DocsBlock{Type: client.BlockTable, Rows: [][]string{{"1", "2"}}}, "|  |  |\n| --- | --- |\n| 1 | 2 |"},
		"a ragged table":               {client.DocsBlock{Type: client.BlockTable, Headers: []string{"A", "B"}, Rows: [][]string{{"1"}, nil, {"1", "2", "3"}}}, "| A | B |  |\n| --- | --- | --- |\n| 1 |  |  |\n|  |  |  |\n| 1 | 2 | 3 |"},
		"a table with bars":            {client.DocsBlock{Type: client.BlockTable, Headers: []string{"a|b"}, Rows: [][]string{{"||"}, {`a\|b`}, {`a\\|b`}, {`a\`}}}, "| a\\|b |\n| --- |\n| \\|\\| |\n| a\\|b |\n| a\\\\\\|b |\n| a\\ |"},
		"a table with newlines":        {client.DocsBlock{Type: client.BlockTable, Headers: []string{" A "}, Rows: [][]string{{"1\r\n2 \n\n3\n"}, {"a\\\n|"}}}, "| A |\n| --- |\n| 1<br>2<br><br>3 |\n| a\\<br>\\| |"},
		"a table of nothing":           {client.DocsBlock{Type: client.BlockTable, Headers: []string{}, Rows: [][]string{{}, nil}}, ""},
		"an unknown type with text":    {client.DocsBlock{Type: "callout", Level: 1, Text: "Mind the limit."}, "Mind the limit."},
		"an unknown type with all": {
			client.DocsBlock{Type: "example", Text: "t", Items: []string{"i"}, Code: "c", Language: "go", Headers: []string{"h"}},
			"t\n\n- i\n\n```go\nc\n```\n\n| h |\n| --- |",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.block.String(); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s\n%q", got, tc.want, got)
			}
		})
	}
}

func TestDocsMarkdown(t *testing.T) {
	outline := []client.DocsSection{
		{ID: "auth", Title: "Authentication", Summary: "How to\nlog in.", Available: true},
		{ID: "actions.issues.list", Title: "Issues", Available: true},
		{ID: "b`c", Summary: "A summary.", Available: true},
		{ID: "`d``", Available: true},
		{ID: "live", Title: "Live"},
		{},
		{Title: "No id", Available: true},
	}
	const sections = "## Sections\n\n- `auth` Authentication: How to log in.\n- `actions.issues.list` Issues\n- ``b`c``: A summary.\n- ``` `d`` ```\n" +
		"- `live` Live (not available now)\n- (not available now)\n- No id"
	content := []client.DocsBlock{
		{Type: client.BlockHeading, Level: 2, Text: "Issues"},
		{Type: client.BlockParagraph},
		{Type: client.BlockParagraph, Text: "Open a fence:\n```"},
		{Type: client.BlockCode, Code: "x"},
		{Type: client.BlockList, Items: []string{"a", "b"}},
		{Type: "later", Text: "Text."},
	}
	const text = "## Issues\n\nOpen a fence:\n```\n```\n\n```\nx\n```\n\n- a\n- b\n\nText."
	for name, tc := range map[string]struct {
		docs *client.Docs
		want string
	}{
		"nil":     {nil, ""},
		"nothing": {&client.Docs{}, ""},
		"an outline": {
			&client.Docs{Skill: client.Skill{ID: "x", Title: "Git\nHub", Summary: "Issues. \r\n", Warnings: []string{"", "stale\nin part"}}, Outline: outline},
			"# Git Hub\n\nIssues.\n\n> Warning: stale in part\n\n" + sections,
		},
		"an outline with guidance": {&client.Docs{Skill: client.Skill{Title: "GitHub"}, Content: content, Outline: outline}, "# GitHub\n\n" + text + "\n\n" + sections},
		"a skill without a title":  {&client.Docs{Skill: client.Skill{ID: "static:x"}}, "# static:x"},
		"a section":                {&client.Docs{Skill: client.Skill{Title: "GitHub"}, Outline: outline, SectionID: "actions.issues.list", Content: content}, text},
		"an empty section":         {&client.Docs{Skill: client.Skill{Title: "GitHub"}, Outline: outline, SectionID: "actions.issues.list"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				if got := tc.docs.String(); got != tc.want {
					t.Fatalf("got\n%s\nwant\n%s\n%q", got, tc.want, got)
				}
			}
			if got := fmt.Sprint(tc.docs); tc.docs != nil && got != tc.want {
				t.Errorf("printed as %q", got)
			}
		})
	}
}

// FuzzMarkdown tests that, whatever the documentation contains, each piece of
// code can be read back from its fence, and tables keep their columns.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{
		"", "text", "```", "````\n```", "~~~", " ```\nx", "- a\n  ```\n  b", "- a\n  ```\nb\n ```", "1. a\n\nb\n   ~~~~ x\n~~~", "a|b\\", "\\|\\\\|", "\r\n\r\r\n \t",
		"- ```\n\n```", "    ```", "> ```\n```", "```a`", "`", "# a\n* b\n\n c\n\nd\n ```", "\xff\x00", "\u2028\u0085\v\f```", "a\n```\n  ```  \n```",
	} {
		f.Add(s, s, s)
		f.Add("text", s, "go")
		f.Add(s, "code", "|")
	}
	f.Fuzz(func(t *testing.T, text, code, cell string) {
		written := strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(code), "\n")
		d := &client.Docs{SectionID: "s", Content: []client.DocsBlock{
			{Type: client.BlockParagraph, Text: text},
			{Type: client.BlockCode, Code: code, Language: cell},
			{Type: client.BlockList, Items: []string{text, cell, code}},
			{Type: "later", Text: text, Code: "kept", Level: len(code)},
			{Type: client.BlockTable, Headers: []string{cell}, Rows: [][]string{{text, cell, code}, {cell}, nil}},
			{Type: client.BlockHeading, Text: text, Level: len(text)},
			{Type: client.BlockCode, Code: code},
		}}
		md := d.String()
		if md != d.String() {
			t.Error("another text the second time")
		}
		found := fenced(md)
		for _, want := range []string{written, "kept", written} {
			if want == "" {
				continue
			}
			i := slices.Index(found, want)
			if i < 0 {
				t.Fatalf("%q is not in its fence, in\n%s", want, md)
			}
			found = found[i+1:]
		}
		for l := range strings.SplitSeq(d.Content[4].String(), "\n") {
			if n := bars(l); n != 4 {
				t.Errorf("%d bars in %q", n, l)
			}
		}
		for i, b := range d.Content {
			md := b.String()
			if strings.ContainsRune(md, '\r') || strings.HasPrefix(md, "\n") || strings.HasSuffix(md, "\n") {
				t.Errorf("newlines of block %d: %q", i, md)
			}
			for l := range strings.SplitSeq(md, "\n") {
				if b.Type != client.BlockCode && strings.TrimRight(l, " \t") != l {
					t.Errorf("trailing spaces in block %d: %q", i, l)
				}
			}
		}

		d.SectionID, d.Skill = "", client.Skill{ID: code, Title: cell, Summary: text, Warnings: []string{text, code, cell}}
		d.Outline = []client.DocsSection{{ID: text, Title: code, Summary: cell}, {ID: code, Available: true}, {ID: cell}}
		if found := fenced(d.String()); written != "" && !slices.Contains(found, written) {
			t.Fatalf("%q is not in its fence, in\n%s", written, d.String())
		}
	})
}

var item = regexp.MustCompile(`^([-*+]|[0-9]+[.)])([ \t]|$)`)

// fenced returns the contents of the fences in a text, except those in lists.
func fenced(md string) (found []string) {
	var open string
	var list, blank bool
	var content []string
	for l := range strings.SplitSeq(md, "\n") {
		text := strings.TrimLeft(l, " ")
		indent := len(l) - len(text)
		n := 0
		for n < len(text) && text[n] == text[0] && (text[0] == '`' || text[0] == '~') {
			n++
		}
		switch {
		case open != "" && indent < 4 && n >= len(open) && text[0] == open[0] && strings.Trim(text[n:], " \t") == "":
			found = append(found, strings.Join(content, "\n"))
			open, content = "", nil
		case open != "":
			content = append(content, l)
		case n >= 3 && indent < 4 && (text[0] == '~' || !strings.Contains(text[n:], "`")):
			if indent == 0 || !list {
				open = text[:n]
			}
		case item.MatchString(text):
			list = true
		case text != "" && indent == 0 && blank:
			list = false
		}
		blank = text == ""
	}
	return found
}

// bars returns how many bars in a row are not escaped.
func bars(row string) int {
	n := 0
	for i := 0; i < len(row); i++ {
		switch row[i] {
		case '\\':
			i++
		case '|':
			n++
		}
	}
	return n
}

// An outline whose guidance begins with the title has the title once.
func TestOutlineWithATitleOfItsOwn(t *testing.T) {
	d := &client.Docs{
		Skill:   client.Skill{Title: "GitHub", Summary: "Actions."},
		Content: []client.DocsBlock{{Type: client.BlockHeading, Level: 1, Text: "GitHub"}, {Type: client.BlockParagraph, Text: "Actions of GitHub."}},
	}
	if got, want := d.String(), "# GitHub\n\nActions of GitHub."; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	d.Content = d.Content[1:]
	if got, want := d.String(), "# GitHub\n\nActions.\n\nActions of GitHub."; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

package agents_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// TestLinks checks that every link in the documents to a file, a folder or a heading
// of this repository leads somewhere, and one to pkg.go.dev to a package that there is;
// that README.md links to every page, and is short.
func TestLinks(t *testing.T) {
	var list []string
	for _, name := range documents(t) {
		text := read(t, name)
		if name == "README.md" {
			for _, to := range links(text) {
				list = append(list, to.target)
			}
			if len(text) > 8<<10 {
				t.Errorf("%s has %d bytes; what does not fit into 8 KiB belongs into docs", name, len(text))
			}
		}
		for _, mistake := range badLinks(name, text, func(file string) (string, bool) {
			info, err := os.Stat(file)
			if err != nil || info.IsDir() {
				return "", err == nil
			}
			return read(t, file), true
		}) {
			t.Error(mistake)
		}
	}
	for _, name := range documents(t) {
		if strings.HasPrefix(name, "docs/") && !slices.Contains(list, name) {
			t.Errorf("README.md has no link to %s", name)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestLinkMistakes tests that TestLinks finds mistakes.
func TestLinkMistakes(t *testing.T) {
	document := strings.Join([]string{
		"# One `two`, three!", "[a](b.md) [a](https://example.com/x) [c](#one-two-three)", // 2
		"`[not](a-link.md)`", "```go", "f[T](x)", "# no heading", "```", // 7
		"[a](missing.md) and [b](b.md#there)", "[c](b.md#not-there), [d](#no-heading)", "[up](../c.md)", "[e](/b.md)", // 11
		"[x]: elsewhere.md", "![image](picture.png)", // 13
		"[p](https://pkg.go.dev/" + module + "docs#X)", "[p](https://pkg.go.dev/" + module + "gone)", // 15
	}, "\n")
	files := map[string]string{"docs/b.md": "# B\n\n## There\n", "docs": ""}
	got := badLinks("docs/a.md", document, func(file string) (string, bool) {
		text, ok := files[file]
		return text, ok
	})
	want := []string{
		"docs/a.md:8: there is no missing.md",
		"docs/a.md:9: b.md has no heading #not-there",
		"docs/a.md:9: there is no heading #no-heading",
		"docs/a.md:10: there is no ../c.md",
		"docs/a.md:11: /b.md begins with a slash",
		"docs/a.md:12: there is no elsewhere.md",
		"docs/a.md:13: there is no picture.png",
		"docs/a.md:15: there is no package gone",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// badLinks returns the links of a document that lead nowhere. open returns the text of
// a file or "" for a folder, and false if there is neither.
func badLinks(name, text string, open func(file string) (string, bool)) (list []string) {
	for _, to := range links(text) {
		wrong := func(format string, args ...any) {
			list = append(list, fmt.Sprintf("%s:%d: ", name, to.line)+fmt.Sprintf(format, args...))
		}
		if folder, ok := strings.CutPrefix(to.target, "https://pkg.go.dev/"+module); ok {
			folder, _, _ = strings.Cut(folder, "#")
			if _, ok := open(folder); !ok {
				wrong("there is no package %s", folder)
			}
			continue
		}
		if strings.Contains(to.target, "://") || strings.HasPrefix(to.target, "mailto:") {
			continue
		}
		file, heading, _ := strings.Cut(to.target, "#")
		target := text
		switch {
		case strings.HasPrefix(file, "/"):
			wrong("%s begins with a slash", file)
			continue
		case file != "":
			var ok bool
			if target, ok = open(path.Join(path.Dir(name), file)); !ok {
				wrong("there is no %s", file)
				continue
			}
		}
		if heading != "" && !slices.Contains(headings(target), heading) {
			if file == "" {
				wrong("there is no heading #%s", heading)
			} else {
				wrong("%s has no heading #%s", file, heading)
			}
		}
	}
	return list
}

// A link is a link in a document.
type link struct {
	line   int
	target string
}

var (
	inlineLink    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)`)
	referenceLink = regexp.MustCompile(`^\s*\[[^\]]+\]:\s+(\S+)`)
	codeSpan      = regexp.MustCompile("`[^`]*`")
)

// links returns the links of a document, without those in code.
func links(text string) (list []link) {
	for n, line := range prose(text) {
		line = codeSpan.ReplaceAllString(line, "")
		for _, re := range []*regexp.Regexp{inlineLink, referenceLink} {
			for _, m := range re.FindAllStringSubmatch(line, -1) {
				list = append(list, link{n + 1, m[1]})
			}
		}
	}
	return list
}

// headings returns the anchors of the headings of a document, as GitHub forms them.
func headings(text string) (list []string) {
	seen := map[string]int{}
	for _, line := range prose(text) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title))
		if n := seen[anchor]; n > 0 {
			list = append(list, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			list = append(list, anchor)
		}
		seen[anchor]++
	}
	return list
}

// prose returns the lines of a document, with those of code blocks empty.
func prose(text string) []string {
	lines := strings.Split(text, "\n")
	inside := false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if inside || fence {
			lines[i] = ""
		}
		if fence {
			inside = !inside
		}
	}
	return lines
}

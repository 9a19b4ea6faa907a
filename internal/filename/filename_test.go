package filename_test

import (
	"mime"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/internal/filename"
)

// names are headers and the names in them.
var names = map[string]string{
	// as RFC 6266 has it
	``:                                                   "",
	`attachment`:                                         "",
	`inline`:                                             "",
	`attachment; filename=a.csv`:                         "a.csv",
	`attachment; filename="a b.csv"`:                     "a b.csv",
	`ATTACHMENT; FileName="a.csv"`:                       "a.csv",
	`attachment ;  filename = "a.csv" ; x=y`:             "a.csv",
	`inline; filename="a.csv"; size=3`:                   "a.csv",
	`attachment; size=3; filename=a.csv`:                 "a.csv",
	`attachment; filename="a\"b.csv"`:                    "a_b.csv",
	`attachment; filename="a\\b.csv"`:                    "b.csv", // a backslash is a directory's on Windows
	`attachment; filename="semi;colon.csv"`:              "semi;colon.csv",
	`attachment; filename="a; filename=b.csv"`:           "a; filename=b.csv",
	`attachment; filename*=UTF-8''na%C3%AFve%20file.txt`: "naïve file.txt",
	`attachment; filename="naive.txt"; filename*=UTF-8'en'na%C3%AFve.txt`: "naïve.txt",
	`attachment; filename*=utf-8''%E2%82%AC.pdf; filename="euro.pdf"`:     "€.pdf",
	`attachment; filename*=ISO-8859-1''%A3.txt; filename="pound.txt"`:     "£.txt",
	`attachment; filename*=ISO-8859-1''%FCber.txt`:                        "über.txt",
	`attachment; filename*=windows-1252''%80%93.txt`:                      "€“.txt",
	`attachment; filename*=UTF-8''a%27b%25.txt`:                           "a'b%.txt",
	// as RFC 2231 cuts it
	`attachment; filename*0="a"; filename*1="b.csv"`:                          "ab.csv",
	`attachment; filename*1="b.csv"; filename*0="a%20"`:                       "a%20b.csv",
	`attachment; filename*0*=UTF-8''%C3; filename*1*=%A4; filename*2="%.txt"`: "ä%.txt",
	`attachment; filename*0="it's o'clo"; filename*1="ck.txt"`:                "it's o'clock.txt",
	// what servers send
	`attachment; filename="=?UTF-8?B?w6QudHh0?="`:                 "ä.txt",
	`attachment; filename="=?utf-8?Q?=C3=A4?= =?utf-8?Q?.txt?="`:  "ä.txt",
	`attachment; filename==?UTF-8?B?w6QudHh0?=`:                   "ä.txt",
	`attachment; filename="=?x.txt"`:                              "=_x.txt",
	`attachment; filename=no quotes.csv`:                          "no quotes.csv",
	`attachment; filename=ümlaut.csv`:                             "ümlaut.csv",
	"attachment; filename=\"\xfcber.txt\"":                        "über.txt",
	"attachment; filename=\xfcber \x96 1.txt":                     "über – 1.txt",
	`attachment; filename=a; b.pdf`:                               "a; b.pdf",
	`attachment; filename=a; b.pdf; size=3`:                       "a; b.pdf",
	`attachment; filename=a.pdf;`:                                 "a.pdf",
	`attachment; filename=a.pdf; ;`:                               "a.pdf",
	`attachment; filename="a.pdf`:                                 "a.pdf",
	`attachment; filename="a "b" c.pdf"`:                          "a _b_ c.pdf",
	`attachment; filename='a.pdf'`:                                "'a.pdf'",
	`attachment; filename="na%C3%AFve%20file.txt"`:                "naïve file.txt",
	`attachment; filename=100%.txt`:                               "100%.txt",
	`attachment; filename="50%zz.txt"`:                            "50%zz.txt",
	`attachment; filename="caf%E9.txt"`:                           "caf%E9.txt", // may be meant
	`attachment; filename*="UTF-8''na%C3%AFve.txt"`:               "naïve.txt",
	`attachment; filename*=na%C3%AFve.txt`:                        "naïve.txt",
	`attachment; filename*=UTF-8''%FCber.txt`:                     "über.txt",
	`attachment; filename*=UTF-8''%FCber.txt; filename=ueber.txt`: "ueber.txt",
	`attachment; filename*=UTF-8''100%.txt`:                       "100%.txt",
	`attachment; filename*=Shift_JIS''%83e.txt; filename=te.txt`:  "te.txt",
	`attachment; filename*=Shift_JIS''%83e.txt`:                   "_e.txt",
	`attachment; filename*=UTF-8''; filename=a.txt`:               "a.txt",
	`attachment; filename=; filename*=UTF-8''a.txt`:               "a.txt",
	`attachment; filename=a.txt; filename=b.txt`:                  "a.txt",
	`filename=a.txt`:                                              "a.txt",
	`filename="a.txt"; attachment`:                                "a.txt",
	`;;;filename=x`:                                               "x",
	`attachment, filename=a.txt`:                                  "", // no parameter
	`form-data; name="f"; filename="a.txt"`:                       "a.txt",
	`attachment; filename = a=b.txt`:                              "a=b.txt",
	// what must not become a path
	`attachment; filename="../../etc/passwd"`:           "passwd",
	`attachment; filename="/etc/passwd"`:                "passwd",
	`attachment; filename="..\\..\\boot.ini"`:           "boot.ini",
	`attachment; filename="C:\\Windows\\win.ini"`:       "win.ini",
	`attachment; filename="C:\Windows\win.ini"`:         "win.ini",
	`attachment; filename*=UTF-8''..%2F..%2Fx.sh`:       "x.sh",
	`attachment; filename*=UTF-8''%2e%2e%5cx.sh`:        "x.sh",
	`attachment; filename="..%2F..%2Fx.sh"`:             "x.sh",
	`attachment; filename="=?UTF-8?Q?..=2F..=2Fx.sh?="`: "x.sh",
	`attachment; filename=".."`:                         "",
	`attachment; filename="."`:                          "",
	`attachment; filename="..."`:                        "",
	`attachment; filename="dir/"`:                       "",
	`attachment; filename="   "`:                        "",
	`attachment; filename=""`:                           "",
	`attachment; filename=".bashrc"`:                    ".bashrc",
	`attachment; filename*=UTF-8''a%00b%0Ac%7F.txt`:     "abc.txt",
	`attachment; filename*=UTF-8''exe%E2%80%AEfdp.txt`:  "exefdp.txt",
	`attachment; filename*=UTF-8''%EF%BB%BFa.txt`:       "a.txt",
	`attachment; filename="a<b>c:d|e?f*g.txt"`:          "a_b_c_d_e_f_g.txt",
	`attachment; filename="trailing. . "`:               "trailing",
	`attachment; filename="CON"`:                        "_CON",
	`attachment; filename="nul.txt"`:                    "_nul.txt",
	`attachment; filename="com1 .tar.gz"`:               "_com1 .tar.gz",
	`attachment; filename="LPT¹"`:                       "_LPT¹",
	`attachment; filename="conin$"`:                     "_conin$",
	`attachment; filename="console.log"`:                "console.log",
	`attachment; filename="com10.txt"`:                  "com10.txt",
	// what is too long
	`attachment; filename="` + strings.Repeat("x", 400) + `.csv"`: strings.Repeat("x", 251) + ".csv",
	`attachment; filename="` + strings.Repeat("ä", 300) + `.csv"`: strings.Repeat("ä", 125) + ".csv",
	`attachment; filename="a.` + strings.Repeat("y", 400) + `"`:   "a." + strings.Repeat("y", 253),
}

func TestOf(t *testing.T) {
	for header, want := range names {
		if got := filename.Of(header); got != want {
			t.Errorf("%s\ngives %q, want %q", header, got, want)
		}
	}
}

// A name stays in the directory that it is joined with, whatever was sent.
func FuzzOf(f *testing.F) {
	for header := range names {
		f.Add(header)
	}
	for _, header := range []string{
		`attachment; filename*0="a"; filename*1="/b"`, "attachment; filename=\"a\x00b\"", `a;filename=  .  `, `attachment; filename="COM¹ .txt"`, `attachment; filename="nul . "`, `a; filename="_/."`,
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		name := filename.Of(header)
		switch {
		case name == "":
			return
		case !utf8.ValidString(name), len(name) > 255:
			t.Errorf("%q gives %q, of %d bytes", header, name, len(name))
		case filepath.Base(name) != name, name == ".", name == "..", strings.ContainsAny(name, `/\<>:"|?*`), strings.ContainsFunc(name, unicode.IsControl):
			t.Errorf("%q gives %q, which is not the name of a file", header, name)
		case strings.TrimRight(name, ". ") != name, strings.TrimSpace(name) != name:
			t.Errorf("%q gives %q, which Windows changes", header, name)
		}
		if again := filename.Safe(name); again != name {
			t.Errorf("%q gives %q, and that %q", header, name, again)
		}
		if !filepath.IsLocal(name) {
			t.Errorf("%q gives %q, which is not local", header, name)
		}
	})
}

// A name that is safe comes back in every form in which it may be sent.
func FuzzForms(f *testing.F) {
	for _, name := range []string{"a.csv", "naïve file.txt", "100%.txt", "semi;colon=.csv", "€ “x”.pdf", "a'b''c", "=_x", ".bashrc", "日本語.txt", "a%20b", "a,b", "x=?y"} {
		f.Add(name, uint8(3))
	}
	f.Fuzz(func(t *testing.T, name string, cut uint8) {
		if name = filename.Safe(name); name == "" {
			return
		}
		escaped := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		at := int(cut) % (len(name) + 1)
		forms := []string{
			`attachment; filename*=UTF-8''` + escaped,
			`inline; filename="other"; filename*=utf-8'en'` + strings.ToLower(escaped),
			`attachment; FILENAME*="UTF-8''` + escaped + `"; size=7`,
			`attachment; filename*0*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name[:at]), "+", "%20") + `; filename*1*=` + strings.ReplaceAll(url.QueryEscape(name[at:]), "+", "%20"),
		}
		if strings.ToLower(name) != name { // of which only the escapes may change
			forms = append(forms[:1], forms[2:]...)
		}
		if !strings.Contains(name, "=?") && !strings.Contains(name, "%") {
			forms = append(forms, `attachment; filename="`+name+`"`, `filename="`+name+`"; size=7`, `attachment; filename="`+url.PathEscape(name)+`"`)
			if sent := mime.FormatMediaType("attachment", map[string]string{"filename": name}); sent != "" {
				forms = append(forms, sent)
			}
		}
		for _, form := range forms {
			if got := filename.Of(form); got != name {
				t.Errorf("%s\ngives %q, want %q", form, got, name)
			}
		}
	})
}

// A header is read in no time, however long it is and whatever is in it.
func TestLongHeaders(t *testing.T) {
	for _, part := range []string{";", "; ", "=", "\"", "\"; ", "a;", "a=;", "%", "\\", " ", "=?", "x*0=\"", "; filename*0=a"} {
		header := "attachment; filename=" + strings.Repeat(part, 16<<10/len(part)-20)
		start := time.Now()
		filename.Of(header)
		filename.Of(header + "=x")
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%d bytes of %q take %v", len(header), part, took)
		}
	}
}

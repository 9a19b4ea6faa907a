package client_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// The pieces of a file are what Download gets, whatever their size, and none of a text
// ends within a character.
func TestPiecesAreTheFile(t *testing.T) {
	ctx := t.Context()
	noise := make([]byte, 1200)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.UintN(256)) //nolint:gosec // below 256
	}
	files := map[string]agentstest.File{
		"ascii":    {Data: []byte(strings.Repeat("0123456789", 100)), ContentType: "text/plain"},
		"text":     {Data: []byte(strings.Repeat("aä€😀\n", 60)), ContentType: "text/plain; charset=utf-8"},
		"wide":     {Data: []byte(strings.Repeat("😀", 120))},
		"short":    {Data: []byte("😀")},
		"noise":    {Data: noise},
		"cut":      {Data: []byte("a text that ends within \xf0\x9f\x98")},
		"latin":    {Data: []byte("caf\xe9 " + strings.Repeat("\xe9t\xe9 ", 99))},
		"invented": {Size: 70_001},
	}
	fake := agentstest.New(agentstest.WithConnector("default", agentstest.Connector{Slug: "disk", Entities: map[string]agentstest.Entity{"files": {Files: files}}}))
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	disk, err := c.DefaultWorkspace().Connector(ctx, "disk")
	if err != nil {
		t.Fatal(err)
	}
	for id := range files {
		params := client.Params{"id": id}
		d, err := disk.Download(ctx, "files", params)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(d)
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
		for i, size := range []int{0, 0, 4, 4, 5, 5, 7, 7, 64, 64, 1000, 1000, 65536, 65536} {
			if len(whole) > 100*max(size, 12) {
				continue
			}
			var opts []client.ExecuteOption
			if i%2 == 1 {
				opts = append(opts, client.WithTextPieces())
			}
			if size > 0 {
				opts = append(opts, client.WithPieceSize(size))
			}
			var joined []byte
			for p, err := range disk.DownloadPieces(ctx, "files", params, opts...) {
				if err != nil {
					t.Fatalf("%s by %d: %v", id, size, err)
				}
				if p.Offset != int64(len(joined)) || len(p.Data) == 0 || p.Next != p.Offset+int64(len(p.Data)) {
					t.Fatalf("%s by %d: %v after %d bytes", id, size, p, len(joined))
				}
				if utf8.Valid(whole) && !utf8.Valid(p.Data) {
					t.Errorf("%s by %d: a character is cut: %q", id, size, p.Data)
				}
				joined = append(joined, p.Data...)
			}
			if !bytes.Equal(joined, whole) {
				t.Errorf("%s by %d: got %d bytes, want %d", id, size, len(joined), len(whole))
			}
		}
		if len(params) != 1 {
			t.Errorf("the params have become %v", params)
		}
		end, err := disk.DownloadPiece(ctx, "files", params, int64(len(whole)))
		if err != nil || len(end.Data) != 0 || end.More || end.Next != int64(len(whole)) {
			t.Errorf("%s: at the end %v, %v", id, end, err)
		}
	}
	var formats []any
	for _, r := range fake.Requests() {
		if v := r.Params["_airbyte_response_format"]; v != nil && !slices.Contains(formats, v) {
			formats = append(formats, v)
		}
	}
	if len(formats) != 2 || !slices.Contains(formats, any("base64")) || !slices.Contains(formats, any("text")) {
		t.Errorf("asked for the formats %v", formats)
	}
	_, err = disk.DownloadPiece(ctx, "files", client.Params{"id": "missing"}, 0)
	wantKinds(t, err, "ErrEmptyDownload")
}

func TestPieceChecksTheRange(t *testing.T) {
	envelope := func(members string) string { return `{"status":"success","result":{` + members + `}}` }
	for _, tt := range []struct {
		name, body string
		data       string
		more       bool
		kinds      string
		text       string
	}{
		{"base64", envelope(`"content":"YWJjZA==","encoding":"base64","bytes_returned":4,"range_requested":"bytes=8-15","next_range_header":null,"has_more":false,"content_type":"text/plain"`), "abcd", false, "", ""},
		{"text", envelope(`"content":"äbcd","encoding":"utf-8","bytes_returned":5,"has_more":false`), "äbcd", false, "", ""},
		{"more", envelope(`"content":"abcdefgh","encoding":"utf-8","bytes_returned":8,"range_requested":"bytes=8-15","next_range_header":"bytes=16-23","has_more":true`), "abcdefgh", true, "", ""},
		{"more, a character cut", envelope(`"content":"YWJjZGVm8J8=","encoding":"base64","bytes_returned":8,"next_range_header":"bytes=16-23","has_more":true`), "abcdef", true, "", ""},
		{"less than was requested, and more", envelope(`"content":"abcd","encoding":"utf-8","next_range_header":"bytes=12-19","has_more":true`), "abcd", true, "", ""},
		{"without an envelope", `{"content":"abcd","encoding":"utf-8","bytes_returned":4,"has_more":false}`, "abcd", false, "", ""},
		{"more by the next range", envelope(`"content":"abcd","encoding":"UTF-8","next_range_header":"bytes=12-"`), "abcd", true, "", ""},
		{"more by the length", envelope(`"content":"abcdefgh","encoding":"utf-8"`), "abcdefgh", true, "", ""},
		{"no more by the length", envelope(`"content":"abcdefg","encoding":"utf-8"`), "abcdefg", false, "", ""},
		{"of other types", envelope(`"content":"YWJjZA==","encoding":7,"bytes_returned":"4","range_requested":{},"next_range_header":[],"has_more":"no","content_type":1`), "abcd", false, "", ""},
		{"the end", envelope(`"content":"","encoding":"base64","bytes_returned":0,"has_more":false`), "", false, "", ""},
		{"no content", envelope(`"bytes_returned":4`), "", false, "ErrBadResponse", "no content"},
		{"nothing", `{"status":"success"}`, "", false, "ErrBadResponse", "no content"},
		{"a failure", `{"status":"error","error":"no such file","content":"x"}`, "", false, "ErrExecution", "no such file"},
		{"no base64", envelope(`"content":"a b","encoding":"base64"`), "", false, "ErrBadResponse", "not base64"},
		{"another number of bytes", envelope(`"content":"abcd","encoding":"utf-8","bytes_returned":5`), "", false, "ErrBadResponse", "4 bytes and says 5"},
		{"without its encoding", envelope(`"content":"YWJjZA=="`), "abcd", false, "", ""},
		{"another encoding", envelope(`"content":"61626364","encoding":"hex"`), "", false, "ErrBadResponse", `"hex" is neither`},
		{"a cut character, replaced", envelope(`"content":"abcde\ufffd","encoding":"utf-8","bytes_returned":8,"next_range_header":"bytes=16-23","has_more":true`), "abcde", true, "", ""},
		{"a cut character, replaced by more bytes", envelope(`"content":"abcdefg\ufffd","encoding":"utf-8","bytes_returned":8,"has_more":true`), "abcdefg", true, "", ""},
		{"replaced within", envelope(`"content":"a\ufffdbcde","encoding":"utf-8","bytes_returned":6,"has_more":true`), "", false, "ErrBadResponse", "8 bytes and says 6"},
		{"a replaced character", envelope(`"content":"abc\ufffd","encoding":"utf-8","bytes_returned":4`), "", false, "ErrBadResponse", "6 bytes and says 4"},
		{"too many bytes", envelope(`"content":"abcdefghi","encoding":"utf-8"`), "", false, "ErrBadResponse", "9 bytes, more than 8"},
		{"another range", envelope(`"content":"abcd","encoding":"utf-8","range_requested":"bytes=0-7"`), "", false, "ErrBadResponse", "begins at 0, not at 8"},
		{"another next range", envelope(`"content":"abcdefgh","encoding":"utf-8","next_range_header":"bytes=17-24","has_more":true`), "", false, "ErrBadResponse", "next one begins at 17"},
		{"the same next range", envelope(`"content":"abcdefgh","encoding":"utf-8","next_range_header":"bytes=8-15","has_more":true`), "", false, "ErrBadResponse", "next one begins at 8"},
		{"more of nothing", envelope(`"content":"","has_more":true`), "", false, "ErrBadResponse", "empty, and there is more"},
		{"no JSON", `abcd`, "", false, "ErrBadResponse", "not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, says(200, tt.body))
			p, err := connectorOf(newClient(t, s, client.WithMaxRetries(0))).DownloadPiece(t.Context(), "files", client.Params{"id": "a"}, 8, client.WithPieceSize(8))
			if wantKinds(t, err, tt.kinds); err != nil {
				wantText(t, err, "download files", tt.text)
				return
			}
			if string(p.Data) != tt.data || p.Offset != 8 || p.Next != 8+int64(len(tt.data)) || p.More != tt.more {
				t.Errorf("got %q of %v", p.Data, p)
			}
			if r := s.requests()[0]; !sameJSON(r.Body, `{"entity":"files","action":"download","params":{"id":"a","_airbyte_response_type":"json","_airbyte_response_format":"base64","range_header":"bytes=8-15"}}`) {
				t.Errorf("sent %s", r.Body)
			}
		})
	}
	_, err := connectorOf(newClient(t, serve(t, file("abcd", "Content-Disposition", "attachment")))).DownloadPiece(t.Context(), "files", nil, 0)
	wantKinds(t, err, "ErrBadResponse")
	wantText(t, err, "Connector.Download reads it")
	s := serve(t)
	conn := connectorOf(newClient(t, s))
	for _, size := range []int{-1, 0, 3, 65537} {
		_, err := conn.DownloadPiece(t.Context(), "files", nil, 0, client.WithPieceSize(size))
		wantKinds(t, err, "ErrInvalid")
	}
	for _, offset := range []int64{-1, math.MaxInt64} {
		_, err := conn.DownloadPiece(t.Context(), "files", nil, offset)
		wantKinds(t, err, "ErrInvalid")
	}
	_, err = conn.DownloadPiece(t.Context(), "", nil, 0)
	wantKinds(t, err, "ErrInvalid")
	s.wantSent(t, 0)
	if text := fmt.Sprintf("%v %+v", &client.Piece{Data: []byte("abcd"), More: true}, client.Piece{Data: []byte("abcd")}); !strings.Contains(text, "4 bytes from 0, more: true") {
		t.Error(text)
	}
}

// The iteration ends with the first error, and gets pieces only as the loop needs them.
func TestPiecesEnd(t *testing.T) {
	first := says(200, `{"status":"success","result":{"content":"abcd","encoding":"utf-8","has_more":true}}`)
	s := serve(t, first, says(404, ""))
	n := 0
	var last error
	for p, err := range connectorOf(newClient(t, s)).DownloadPieces(t.Context(), "files", nil) {
		if last = err; err == nil && string(p.Data) == "abcd" {
			n++
		}
	}
	wantKinds(t, last, "ErrNotFound")
	if s.wantSent(t, 2); n != 1 {
		t.Errorf("%d pieces", n)
	}
	s = serve(t, first)
	for range connectorOf(newClient(t, s)).DownloadPieces(t.Context(), "files", nil) {
		break
	}
	s.wantSent(t, 1)
}

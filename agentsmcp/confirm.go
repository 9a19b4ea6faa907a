package agentsmcp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
)

// Confirm adds the tool write_records and says who confirms a write:
//
//   - "auto": the client asks its user if it can (elicitation), and is otherwise trusted
//     to have asked before it calls a tool;
//   - "always": the client asks its user; if it cannot, the write is refused;
//   - "never": nobody.
//
// Where a connector does not tell which actions it has, a write needs the consent of the
// user in every case. Any other mode is an error, with which every call fails; so is
// Confirm beside [agenttools.WithWrites] or another Confirm. See [agenttools.Set.Err].
//
// A consent is for one call with the same arguments by the same tenant, within five
// minutes and in the same process, and cannot be used twice. Outside of a server of this
// package there is no client to ask.
func Confirm(mode string) agenttools.Option {
	if mode != "auto" && mode != "always" && mode != "never" {
		return agenttools.Invalid(fmt.Errorf("agentsmcp.Confirm: the mode %q is none of auto, always and never", mode))
	}
	return agenttools.WithWrites(func(ctx context.Context, a agenttools.Action) error {
		if mode == "never" && !a.Undeclared {
			return nil
		}
		q, _ := ctx.Value(questionKey{}).(*question)
		switch {
		case q != nil && q.answer != nil:
			return q.verdict(a)
		case q != nil && q.canAsk():
			return q.ask(a)
		case q != nil && mode == "auto" && !a.Undeclared:
			return nil
		}
		return errors.New("a person must confirm it, and this client cannot ask one")
	})
}

type questionKey struct{}

// A question is what a call may have to ask the user, and the answer that it came with.
type question struct {
	states *states
	tenant string
	req    *mcp.CallToolRequest
	answer *answer
	asks   *mcp.CallToolResult // set if the user is to be asked
}

// An answer is what the user said.
type answer struct {
	err   error             // why it does not count, or nil
	about [sha256.Size]byte // the hash of the call and of the action that was confirmed
	yes   bool
}

// confirmation is the name of the request for the input of the user.
const confirmation = "confirmation"

// question returns what a call may ask. An answer that came with the call is used up. A
// state without an answer is ignored, so that the user is asked again.
func (s *server) question(v *visit, req *mcp.CallToolRequest) (*question, error) {
	q := &question{states: s.states, tenant: v.tenant, req: req}
	if said, ok := req.Params.InputResponses[confirmation].(*mcp.ElicitResult); ok {
		q.answer = &answer{yes: said.Action == "accept"}
		if q.answer.about, q.answer.err = s.states.use(req.Params.RequestState); errors.Is(q.answer.err, errForged) {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: q.answer.err.Error()}
		}
	}
	return q, nil
}

// canAsk reports whether the client can ask its user.
func (q *question) canAsk() bool {
	c := q.req.ClientCapabilities()
	if c == nil || c.Elicitation == nil {
		return false
	}
	return c.Elicitation.Form != nil || c.Elicitation.URL == nil // neither of them means forms
}

// ask has the client ask.
func (q *question) ask(a agenttools.Action) error {
	q.asks = &mcp.CallToolResult{
		Content: []mcp.Content{}, // not null
		InputRequests: mcp.InputRequestMap{confirmation: &mcp.ElicitParams{
			Mode: "form", Message: describe(a), RequestedSchema: json.RawMessage(`{"type":"object","properties":{}}`),
		}},
		RequestState: q.states.issue(q.about(a)),
	}
	return agenttools.ErrPending
}

// verdict is nil if the user has said yes to the action.
func (q *question) verdict(a agenttools.Action) error {
	switch {
	case q.answer.err != nil:
		return q.answer.err
	case q.answer.about != q.about(a):
		return errors.New("the confirmation is for another call")
	case !q.answer.yes:
		return errors.New("the user said no")
	}
	return nil
}

// about is the hash of the call, of who calls, and of the action.
func (q *question) about(a agenttools.Action) [sha256.Size]byte {
	params, err := json.Marshal(a.Params)
	if err != nil { // it was JSON before
		params = []byte(rand.Text())
	}
	return hashOf(q.tenant, q.req.Params.Name, string(canonical(q.req.Params.Arguments)), a.Workspace, a.Connector, a.Slug, a.Entity, a.Name, string(params), strconv.FormatBool(a.Undeclared))
}

// hashOf returns a hash of texts, in which none can pass for a part of another.
func hashOf(texts ...string) [sha256.Size]byte {
	var b []byte
	for _, text := range texts {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return sha256.Sum256(b)
}

// canonical returns JSON in a form in which what means the same is the same, since a
// client may write it anew.
func canonical(raw json.RawMessage) []byte {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return b
}

// maxShown is how many bytes of the params of a write a person is shown.
const maxShown = 4_000

// describe is the question for a person. Long texts are shortened so that every param is
// seen: none can hide behind another.
func describe(a agenttools.Action) string {
	params := "none"
	if len(a.Params) > 0 {
		params = indented(a.Params)
		for _, limit := range []int{500, 100, 30} {
			if len(params) > maxShown {
				params = indented(shortened(a.Params, limit))
			}
		}
	}
	if len(params) > maxShown {
		params = fmt.Sprintf("%s…\n(only the first %d of %d bytes: say yes only if you know what the rest is)", strings.ToValidUTF8(params[:maxShown], ""), maxShown, len(params))
	}
	text := fmt.Sprintf("Run %s on %s of %s (%s)", quoted(a.Name), quoted(a.Entity), quoted(a.Connector), quoted(a.Slug))
	if a.Workspace != "" {
		text += " in the workspace " + quoted(a.Workspace)
	}
	text += "?\n\n"
	if a.Description != "" {
		text += "The connector says about it: " + quoted(a.Description) + "\n\n"
	}
	text += "Params: " + params
	if a.Undeclared {
		text += "\n\nThe connector does not tell which actions it has, so nobody knows what this one does."
	}
	return text
}

// indented returns a value as JSON in which everything can be seen.
func indented(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if enc.Encode(v) != nil { // it was JSON before
		return "they cannot be shown"
	}
	return visible(strings.TrimSpace(b.String()))
}

// shortened returns a copy of a JSON value with texts of at most about limit bytes.
func shortened(v any, limit int) any {
	switch v := v.(type) {
	case string:
		return beginning(v, limit)
	case json.Number:
		if len(v) > limit {
			return beginning(string(v), limit)
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = shortened(v[i], limit)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for name := range v {
			m[name] = shortened(v[name], limit)
		}
		return m
	}
	return v
}

// beginning returns a text, or its beginning and its size.
func beginning(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:limit], ""), len(s))
}

// quoted returns a name in quotes, on one line.
func quoted(s string) string { return strconv.Quote(beginning(s, 200)) }

// visible returns a text in which the characters that people do not see, or that change
// the order of others, are escaped.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// maxAge is how long a question waits for its answer.
const maxAge = 5 * time.Minute

// states issues the state that a client hands back with the answer of the user, and sees
// to it that each is used once.
type states struct {
	key []byte

	mu    sync.Mutex
	used  map[string]time.Time // the states that were used, with the end of their time
	swept time.Time            // when those whose time is over were removed
}

func newStates(key string) *states { return &states{key: []byte(key), used: map[string]time.Time{}} }

// A state has a random number, the end of its time, what it is about, and a signature.
const (
	nonceSize = 16
	stateSize = nonceSize + 8 + sha256.Size + sha256.Size
)

var encoding = base64.RawURLEncoding

// issue returns a state for a question about something.
func (s *states) issue(about [sha256.Size]byte) string {
	b := make([]byte, nonceSize, stateSize)
	_, _ = rand.Read(b)                                                         // it does not fail
	b = binary.BigEndian.AppendUint64(b, uint64(time.Now().Add(maxAge).Unix())) //nolint:gosec // it is after 1970
	b = append(b, about[:]...)
	return encoding.EncodeToString(append(b, s.sign(b)...))
}

func (s *states) sign(b []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(b)
	return mac.Sum(nil)
}

var errForged = errors.New("the confirmation is not one that this process asked for")

// use returns what a state is about. It can be used only once.
func (s *states) use(state string) (about [sha256.Size]byte, err error) {
	b, err := encoding.DecodeString(state)
	if err != nil || len(b) != stateSize || !hmac.Equal(b[stateSize-sha256.Size:], s.sign(b[:stateSize-sha256.Size])) {
		return about, errForged
	}
	now := time.Now()
	end := time.Unix(int64(binary.BigEndian.Uint64(b[nonceSize:])), 0) //nolint:gosec // as it was issued
	if now.After(end) {
		return about, errors.New("the confirmation came too late")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) > maxAge {
		s.swept = now
		for nonce, end := range s.used {
			if now.After(end) {
				delete(s.used, nonce)
			}
		}
	}
	nonce := string(b[:nonceSize])
	if _, ok := s.used[nonce]; ok {
		return about, errors.New("the confirmation was used before")
	}
	s.used[nonce] = end
	return [sha256.Size]byte(b[nonceSize+8 : nonceSize+8+sha256.Size]), nil
}

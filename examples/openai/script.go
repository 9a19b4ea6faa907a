package main

import (
	"encoding/json"
	"net/http"
	"strings"
)

// script answers as the service does: with a call of a tool and, when it has the
// result, with its first record.
func script(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Messages []struct {
			Role    string `json:"role"`
			Content string `json:"content"`
		} `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	message := map[string]any{"role": "assistant", "tool_calls": []any{map[string]any{"id": "call_1", "type": "function", "function": map[string]any{
		"name": "read_records", "arguments": `{"connector":"github","entity":"issues","action":"list","params":"{\"per_page\":1}","fields":["title"]}`,
	}}}}
	if last := req.Messages[len(req.Messages)-1]; last.Role == "tool" {
		message = map[string]any{"role": "assistant", "content": "It is: " + strings.Split(last.Content, "\n")[3]} // after heading, mark and columns
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": message}}}) // the client went away, if it fails
}

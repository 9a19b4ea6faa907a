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
			Content []struct {
				Type    string `json:"type"`
				Content []struct {
					Text string `json:"text"`
				} `json:"content"`
			} `json:"content"`
		} `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	content, reason := map[string]any{"type": "tool_use", "id": "call_1", "name": "read_records", "input": map[string]any{
		"connector": "github", "entity": "issues", "action": "list", "params": `{"per_page":1}`, "fields": []string{"title"},
	}}, "tool_use"
	if last := req.Messages[len(req.Messages)-1].Content[0]; last.Type == "tool_result" {
		title := strings.Split(last.Content[0].Text, "\n")[3] // after heading, mark and columns
		content, reason = map[string]any{"type": "text", "text": "It is: " + title}, "end_turn"
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "message", "role": "assistant", "stop_reason": reason, "content": []any{content}}) // the client went away, if it fails
}

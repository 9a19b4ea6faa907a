// Package agenttools makes the connectors of a workspace tools for a language model.
//
//	set := agenttools.New(ws)
//	for _, t := range set.Tools() {
//		… // offer the model t.Name, t.Description and t.Schema
//	}
//	out := set.Call(ctx, name, args) // when it calls a tool
//	… // give it out.Text
//
// There are five tools, whatever the workspace holds: the model lists the connectors,
// lets them describe their entities and actions, reads records, goes on to the next page
// and, if [WithWrites] is given, writes. So the tools cost the same few tokens with one
// connector as with fifty. [Set.Instructions] belong into the system prompt.
//
// # Answers
//
// An answer is text in at most [WithMaxOutput] bytes. It begins with a line that says
// what it is. Records stand between two marks that nobody can know beforehand, so that
// no record can pretend to be something else: as a table where they are flat, which costs
// fewer tokens than JSON, as a line of JSON each where they are not. The last line says
// that this was the end, or has the name of the tool next_page and a handle, with which
// the model reads on:
//
//	github.issues.list: records 1 to 2
//	<data-snvg2hdr>
//	number,title
//	15,Timeouts are not configurable
//	14,Show the request id in errors
//	</data-snvg2hdr>
//	next_page 4zjjwtmn4rbds2qk
//
// Whoever reads to the end has read what [client.All] yields, with two exceptions. A
// record that is larger than an answer is cut, and its size is noted: with some of its
// fields only, it may fit. And characters that can hide text or change its order are
// dropped, such as control characters, bidirectional controls and tags.
//
// A handle can be used again, if an answer was lost. It is known to its Set for half an
// hour since it was last used, as long as the memory for pages, 16 MiB, suffices.
//
// # Errors
//
// An error is an answer, too: a JSON object that says what is wrong, whether the same
// call may succeed later and when, and what the model can do instead.
//
// # What is done without a person
//
// Without [WithWrites], the tools only read. With it, a function of the program is asked
// before each write, and an action that the connector does not declare is refused.
// [WithAllow] says which connectors, entities and actions there are at all. Which data
// the credentials give access to is decided elsewhere: the model reads what they read.
package agenttools

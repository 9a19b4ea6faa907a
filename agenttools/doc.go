// Package agenttools makes the connectors of a workspace tools for a language model.
package agenttools

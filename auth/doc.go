// Package auth answers "who am I" for a program that uses Airbyte Agents.
//
// A program holds the client id and client secret of its Airbyte application.
// [Resolve] finds them: in explicit options, in what [Configure] was given, or
// in the environment. The service trades them for tokens that live some
// minutes; a [Cache] keeps one fresh and shares it between any number of
// callers, and an [Editor] attaches it to requests. Most programs import only
// package client, which does all this by itself.
//
// The client id and secret of the application are not the credentials of a
// connector (a GitHub token, say). Those belong to
// client.CreateConnectorRequest and never pass through this package.
//
// Everything exported is safe for concurrent use. Nothing here prints a secret:
// not through fmt, log/slog or encoding/json, and not in an error.
package auth

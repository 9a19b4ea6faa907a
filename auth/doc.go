// Package auth provides the credentials and tokens of a program that uses
// Airbyte Agents.
//
// A program has the client ID and the client secret of its Airbyte application.
// [Resolve] takes them from explicit options, from the defaults that
// [Configure] set, or from the environment. The service exchanges them for
// tokens that are valid for some minutes. A [Cache] keeps a valid token and
// shares it between any number of callers, and an [Authorizer] attaches it to
// requests. Most programs import only package client, which does all of this.
//
// These are not the credentials of a connector, such as a GitHub token, which
// belong in client.CreateConnectorRequest and never pass through this package.
//
// All exported functions and methods are safe for concurrent use. Nothing in
// this package prints a secret: not through fmt, log/slog or encoding/json, and
// not in an error.
package auth

// Package auth provides the credentials and tokens of a program that uses
// Airbyte Agents.
//
// Most programs import only package client, which does all of this. Of this package, they
// need [Configure] with a [Config], the [Secret] type, and [ErrNoCredentials] and
// [TokenError] to tell errors apart. The rest is for programs that send requests of their
// own. In the order in which it is used:
//
//   - [Resolve] returns the [Credentials] of a program: the client ID and the client
//     secret of its Airbyte application, from explicit options, from the defaults that
//     [Configure] set, or from the environment
//   - [TokenSource] is where tokens come from: [Shared] exchanges credentials for a
//     [Token] that is valid for some minutes, [SharedScoped] for one that gives access to
//     the workspace of a [Scope]; [Static] and [FromOAuth2] have tokens already
//   - [Cache], which the shared sources include, keeps a valid token for any number of
//     callers, and tells an observer of each fetch with a [FetchReport]
//   - [Authorizer] attaches tokens to requests
//
// These are not the credentials of a connector, such as a GitHub token, which
// belong in client.CreateConnectorRequest and never pass through this package.
//
// All exported functions and methods are safe for concurrent use. Nothing in
// this package prints a secret: not through fmt, log/slog or encoding/json, and
// not in an error.
package auth

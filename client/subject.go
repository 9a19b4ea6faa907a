package client

// A subject is what a call is about, as far as it is known.
type subject struct {
	workspace              string
	connector, connectorID string // the slug and the ID
	entity, action         string
}

// addTo adds s to err, which has just been made, and returns err. It is not inlined, which
// would add 600 bytes to a program for each of its many calls.
//
//go:noinline
func (s subject) addTo(err error) error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // only the outermost is about the call
		for i, to := range [...]*string{&e.Workspace, &e.Connector, &e.ConnectorID, &e.Entity, &e.Action} {
			if *to == "" {
				*to = [...]string{s.workspace, s.connector, s.connectorID, s.entity, s.action}[i]
			}
		}
	}
	return err
}

// An uncompared field makes a struct one whose values cannot be compared. It takes no
// memory, and the code that would compare them is not in a program.
type uncompared [0]func()

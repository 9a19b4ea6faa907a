package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// EnsureConnector returns the connector of the workspace whose name is r.Name, and
// creates it from r if there is none; created tells which. It is for programs that set
// up their customers' connectors and may run twice: it can be repeated, also after an
// error, and if it is not known whether a creation was carried out, it looks.
//
// r.Name is required, and compared exactly. A connector of that name that exists is
// returned as it is: its configuration, which cannot be read back, is neither compared
// nor changed; use [Connector.Update]. If r names a ConnectorType or a DefinitionID that
// is not the one of the connector that exists, the error matches [ErrInvalid]; if several
// connectors have the name, it matches [ErrConnectorAmbiguous]. In both cases nothing is
// created.
//
// The service accepts two connectors of one name. Two programs that call
// EnsureConnector at the same time for the same name can both create one.
//
// It sends one request if the connector exists, and two if not.
func (w *Workspace) EnsureConnector(ctx context.Context, r CreateConnectorRequest) (info *ConnectorInfo, created bool, err error) {
	const op = "ensure connector"
	defer func() { err = w.about().of(err) }()
	r = r.trimmed()
	if r.Name == "" {
		return nil, false, invalid(op, "Name is empty; it is what the connector is found by")
	}
	if _, err := r.wire(op, w.name); err != nil {
		return nil, false, err
	}
	if info, err = w.connectorOf(ctx, op, r); info != nil || err != nil {
		return info, false, err
	}
	info, err = w.CreateConnector(ctx, r)
	if err == nil {
		return info, true, nil
	}
	if failed, ok := errors.AsType[*Error](err); ok && failed.OutcomeUnknown {
		if found, e := w.connectorOf(ctx, op, r); found != nil && e == nil {
			return found, true, nil
		}
	}
	return nil, false, err
}

// connectorOf returns the connector with the name of r, or nil if there is none.
func (w *Workspace) connectorOf(ctx context.Context, op string, r CreateConnectorRequest) (*ConnectorInfo, error) {
	infos, err := w.ListConnectors(ctx)
	if err != nil {
		return nil, err
	}
	var found []ConnectorInfo
	for _, c := range infos {
		if strings.TrimSpace(c.Name) == r.Name {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case len(found) > 1:
		return nil, &Error{op: op, kind: ErrConnectorAmbiguous, Message: fmt.Sprintf("%d connectors of workspace %q have the name %q: %s",
			len(found), w.name, r.Name, enumerate(found, func(c ConnectorInfo) string { return c.ID }))}
	}
	have := &found[0]
	if r.ConnectorType != "" && have.Slug != "" && plainSlug(have.Slug) != plainSlug(r.ConnectorType) {
		return nil, invalid(op, "the connector %q exists and is of type %s, not %s", r.Name, have.Slug, r.ConnectorType)
	}
	if r.DefinitionID != "" && have.DefinitionID != "" && !strings.EqualFold(have.DefinitionID, r.DefinitionID) {
		return nil, invalid(op, "the connector %q exists and is of definition %s, not %s", r.Name, have.DefinitionID, r.DefinitionID)
	}
	return have, nil
}

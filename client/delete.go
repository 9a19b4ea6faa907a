package client

import (
	"context"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// DeleteConnector starts the deletion of the connector with the given ID and returns
// the ID of the job that does it in the background, "" if the response is empty. The
// connector is listed until the job is done; [Connector.WaitDeleted] waits for that. If
// the connector does not exist, the error matches [ErrConnectorNotFound]. Like
// [Workspace.ConnectorByID], DeleteConnector does not check that the connector belongs
// to w.
func (w *Workspace) DeleteConnector(ctx context.Context, id string) (jobID string, err error) {
	ask := w.begin(&call{op: "delete connector", name: "deleteConnector", mayBeEmpty: true, about: w.ConnectorByID(id).about()})
	if id, err = w.ConnectorByID(id).checkedID(ask.op); err != nil {
		return "", err
	}
	got, err := fetch[deletion](ctx, ask.to(gen.NewDeleteConnectorRequest(ask.server(), id, nil)))
	if err != nil {
		return "", missing(err, ErrConnectorNotFound)
	}
	return got.JobID, nil
}

// A deletion is the response to the deletion of a connector.
type deletion struct {
	JobID string `json:"job_id"`
}

func (d deletion) lacks() string { return unless(d.JobID != "", "job_id") }

// Delete deletes the connector; see [Workspace.DeleteConnector].
func (c *Connector) Delete(ctx context.Context) (jobID string, err error) {
	jobID, err = c.ws.DeleteConnector(ctx, c.id)
	return jobID, c.about().of(err)
}

// WaitDeleted waits until the workspace no longer lists the connector, which is how the
// service shows that a deletion is done. It then returns nil and no error. With an
// error, it returns the connector as it was last listed. A connector that the workspace
// never had counts as deleted, and so does every connector of a workspace that does not
// exist, except with [WithScopedToken], which looks the workspace up first: then that is
// an error.
//
// It waits for at most 10 minutes, or as long as [Polling.Limit] says; after that the
// error matches [ErrWaitedTooLong].
func (c *Connector) WaitDeleted(ctx context.Context, polling Polling) (*ConnectorInfo, error) {
	const op = "wait for the deletion of a connector"
	id, err := c.checkedID(op)
	if err != nil {
		return nil, err
	}
	left, err := wait(ctx, op, polling, func(ctx context.Context) (*ConnectorInfo, bool, error) {
		infos, err := c.ws.ListConnectors(ctx)
		if notFound(err) != nil { // of the list, not of a token for it
			return nil, true, nil //nolint:nilerr // this is what was waited for
		}
		if err != nil {
			return nil, false, err
		}
		for _, info := range infos {
			if listed, ok := connectorUUID(info.ID); ok && listed == id {
				return &info, false, nil
			}
		}
		return nil, true, nil
	})
	return left, c.about().of(err)
}

package client

// A partial is a response that may lack what was requested: JSON with status
// 200 that is something else, as a proxy or a changed service may send it.
// Fields that only add to a response may be missing; they are zero then.
type partial interface {
	// lacks returns what is missing, or "" if nothing is.
	lacks() string
}

// unless returns what, the name of something that a response lacks, unless it
// is there.
func unless(there bool, what string) string {
	if there {
		return ""
	}
	return what
}

func (l listOf[T]) lacks() string { return unless(l.Data != nil, "list of data") }

func (l workspaceList) lacks() string { return unless(l.Data != nil, "list of data") }

func (l organizationList) lacks() string {
	return unless(l.Organizations != nil, "list of organizations")
}

func (l sourceList) lacks() string { return unless(l.Definitions != nil, "list of definitions") }

func (l destinationList) lacks() string {
	return unless(l.Destinations != nil, "list of destinations")
}

func (w workspaceItem) lacks() string { return unless(w.ID != "", "id") }

func (s statsItem) lacks() string { return unless(s.Total != nil, "total_count") }

func (s TokenScope) lacks() string {
	return unless(s.WorkspaceID != "" || s.WorkspaceName != "", "workspace")
}

func (c wholeConnector) lacks() string { return unless(c.ID != "", "id") }

func (t ConnectionTemplate) lacks() string { return unless(t.ID != "", "id") }

func (a OAuthApp) lacks() string { return unless(a.ID != "", "id") }

func (w Workflow) lacks() string { return unless(w.ID != "", "id") }

func (a Automation) lacks() string { return unless(a.ID != "", "id") }

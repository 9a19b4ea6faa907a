package client

// The actions that this package knows by name.
const (
	actionSearch   = "context_store_search"
	actionSQL      = "context_store_sql_query"
	actionSelect   = "sql_select"
	actionDescribe = "describe"
	actionDownload = "download"
)

// IsRead reports whether an action only reads. The actions list, get, search,
// api_search, context_store_search, context_store_sql_query, sql_select, describe and
// download do. Every other action counts as a write, including those that this version
// of the SDK does not know. Only reads are retried when it is unknown whether the service
// received a request.
func IsRead(action string) bool { return readActions[action] }

// readActions are the actions of executeConnector that change nothing.
var readActions = map[string]bool{
	"list": true, "get": true, "search": true, "api_search": true,
	actionSearch: true, actionSQL: true, actionSelect: true,
	actionDescribe: true, actionDownload: true,
}

// ofStore reports whether an action reads the context store, whose results have their
// records in "data" and the state of paging in "meta".
func ofStore(action string) bool { return action == actionSearch || action == actionSQL }

// mayWrap reports whether the records of an action may be in an object that wraps
// them. The action is "" if it is not known.
func mayWrap(action string) bool {
	switch action {
	case actionSearch, actionSQL, "search", "api_search", "list", "":
		return true
	}
	return false
}

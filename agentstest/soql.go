package agentstest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// soqlParam is the parameter with which the lists of salesforce take a query in SOQL.
const soqlParam = "q"

// soqlQuery is the only form of SOQL that the service understands. It is what a program
// needs to page by Id.
var soqlQuery = regexp.MustCompile(`(?i)^\s*SELECT\s+(FIELDS\s*\(\s*\w+\s*\)|[\w.]+(?:\s*,\s*[\w.]+)*)\s+FROM\s+\w+` +
	`(?:\s+WHERE\s+Id\s*>\s*'([^'\\]+)')?(\s+ORDER\s+BY\s+Id(?:\s+ASC)?)?(?:\s+LIMIT\s+(\d+))?\s*$`)

// takesSOQL reports whether an action of the entity takes a query in SOQL.
func (e *entity) takesSOQL(action string) bool {
	return action == "list" && plainSlug(e.slug) == "salesforce" && e.Paging == PagingNextRecordsURL
}

// soql returns the records that the query in the parameters selects, and the fields of
// them, nil for all. Without a query it returns all records. It does not look at the name
// after FROM.
func (x *execution) soql(records []*record) (found []*record, fields []string, err error) {
	const at = "body.params." + soqlParam
	v, given := x.params[soqlParam]
	if !given {
		return records, nil, nil
	}
	query, _ := v.(string)
	m := soqlQuery.FindStringSubmatch(query)
	if m == nil {
		return nil, nil, invalid(fieldProblem(at, "soql",
			"agentstest understands only SELECT fields FROM object [WHERE Id > 'id'] [ORDER BY Id] [LIMIT n]"))
	}
	if !strings.Contains(m[1], "(") {
		for name := range strings.SplitSeq(m[1], ",") {
			if fields = append(fields, strings.TrimSpace(name)); len(records) == 0 {
				continue
			}
			if problem := x.entity.unknownField(at, fields[len(fields)-1]); problem != nil {
				return nil, nil, invalid(*problem)
			}
		}
	}
	id := func(r *record) string {
		text, _ := scalar(r.field("Id"))
		return text
	}
	for _, r := range records {
		if id(r) > m[2] || m[2] == "" {
			found = append(found, r)
		}
	}
	if m[3] != "" {
		slices.SortStableFunc(found, func(a, b *record) int { return cmp.Compare(id(a), id(b)) })
	}
	if m[4] != "" {
		if n, err := strconv.Atoi(m[4]); err == nil && n < len(found) {
			found = found[:n]
		}
	}
	return found, fields, nil
}

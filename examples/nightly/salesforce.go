package main

import (
	"errors"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// Salesforce lists by a query in SOQL, and declares no parameter for the next page. So
// the query begins after the last record: with an Id that is greater.

// soql asks for the accounts after an Id. With FIELDS(…), Salesforce wants a LIMIT of at
// most 200.
func soql(after string) string {
	where := ""
	if after != "" {
		where = "WHERE Id > '" + after + "' "
	}
	return "SELECT FIELDS(STANDARD) FROM Account " + where + "ORDER BY Id LIMIT 200"
}

// byID is a client.Pager.
func byID(page *client.Result, params client.Params) (client.Params, error) {
	last := ""
	for record, err := range client.Rows[struct {
		ID string `json:"Id"`
	}](page) {
		if err != nil {
			return nil, err
		}
		last = record.ID
	}
	query := soql(last)
	switch {
	case last == "":
		return nil, nil // an empty page ends the list
	case params["q"] == query:
		return nil, errors.New("the page came again") // with a Pager, nobody else notices
	}
	params["q"] = query
	return params, nil
}

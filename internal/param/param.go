// Package param writes parameters into requests of the generated client, which
// imports it in place of github.com/oapi-codegen/runtime. That one serves every
// kind of parameter that OpenAPI knows, and brings more than a hundred kilobytes
// into the programs of users for it. The contract has texts, numbers, flags, and
// lists of these.
package param

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/oapi-codegen/runtime"
)

// StyleParamOptions are what generated code says about a parameter of a request.
type StyleParamOptions = runtime.StyleParamOptions

// BindStyledParameterOptions are what it says about a header of an answer.
type BindStyledParameterOptions = runtime.BindStyledParameterOptions

// Where parameters stand.
const (
	ParamLocationQuery  = runtime.ParamLocationQuery
	ParamLocationPath   = runtime.ParamLocationPath
	ParamLocationHeader = runtime.ParamLocationHeader
)

// StyleParamWithOptions is value as a request has it: in a query as name=value,
// once for each element of a list, in a path or a header as the value alone. It
// does what the function that it is named after does, for the kinds of
// parameters that the contract has, and fails for others.
func StyleParamWithOptions(style string, explode bool, name string, value any, opts StyleParamOptions) (string, error) {
	v := reflect.ValueOf(value)
	if opts.ParamLocation == ParamLocationQuery && style == "form" && explode {
		return query(name, v)
	}
	text, ok := plain(v)
	switch {
	case !ok || style != "simple":
		return "", unknown(name, v)
	case opts.ParamLocation == ParamLocationPath:
		return url.PathEscape(text), nil
	case opts.ParamLocation == ParamLocationHeader:
		return text, nil
	}
	return "", unknown(name, v)
}

func query(name string, v reflect.Value) (string, error) {
	list := []reflect.Value{v}
	if v.Kind() == reflect.Slice && v.Len() > 0 {
		list = list[:0]
		for i := range v.Len() {
			list = append(list, v.Index(i))
		}
	}
	var pairs []string
	for _, v := range list {
		text, ok := plain(v)
		if !ok {
			return "", unknown(name, v)
		}
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(text))
	}
	return strings.Join(pairs, "&"), nil
}

// plain is a text, a number or a flag as it is written; an empty list is "".
func plain(v reflect.Value) (string, bool) {
	switch v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Int, reflect.Bool:
		return fmt.Sprint(v), true
	case reflect.Slice:
		return "", v.Len() == 0
	}
	return "", false
}

func unknown(name string, v reflect.Value) error {
	return fmt.Errorf("the parameter %q is of a kind that package param does not know: %v", name, v.Kind())
}

// BindStyledParameterWithOptions reads a header of an answer, as the function of
// that name does. Only programs that use gen.ClientWithResponses link it.
func BindStyledParameterWithOptions(style, name, value string, dest any, opts BindStyledParameterOptions) error {
	return runtime.BindStyledParameterWithOptions(style, name, value, dest, opts)
}

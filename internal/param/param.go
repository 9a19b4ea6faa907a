// Package param encodes the parameters of requests for the generated client,
// which imports it in place of github.com/oapi-codegen/runtime. That package
// supports every kind of parameter of OpenAPI and adds more than a hundred
// kilobytes to the programs of users. The contract needs only strings,
// integers, booleans and lists of them.
package param

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/oapi-codegen/runtime"
)

// StyleParamOptions describe a parameter of a request.
type StyleParamOptions = runtime.StyleParamOptions

// BindStyledParameterOptions describe a header of a response.
type BindStyledParameterOptions = runtime.BindStyledParameterOptions

// Locations of parameters.
const (
	ParamLocationQuery  = runtime.ParamLocationQuery
	ParamLocationPath   = runtime.ParamLocationPath
	ParamLocationHeader = runtime.ParamLocationHeader
)

// StyleParamWithOptions encodes value as a parameter of a request: in a query
// as name=value, once for each element of a list, and in a path or a header as
// the value alone. It returns the same result as the function of that name in
// package runtime for the kinds of parameters that the contract has, and an
// error for all others.
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

// plain returns a string, an integer or a boolean as text, and "" for an empty
// list. It returns false for any other value.
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
	return fmt.Errorf("parameter %q has unsupported kind %v", name, v.Kind())
}

// BindStyledParameterWithOptions decodes a header of a response with the
// function of that name in package runtime. Only programs that use
// gen.ClientWithResponses link that function.
func BindStyledParameterWithOptions(style, name, value string, dest any, opts BindStyledParameterOptions) error {
	return runtime.BindStyledParameterWithOptions(style, name, value, dest, opts)
}

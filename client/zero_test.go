package client_test

import (
	"context"
	"fmt"
	"go/ast"
	"reflect"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// zeroValues are pointers to the zero values of the exported types, except for those without
// methods.
var zeroValues = []any{
	new(client.Action), new(client.Automations), new(client.Client), new(client.Configuration), new(client.ConnectionTemplates), new(client.Connector), new(client.ConnectorChange),
	new(client.ConnectorDetails), new(client.CreateConnectorRequest), new(client.CheckResult), new(client.CursorSealer), new(client.Definitions), new(client.Description),
	new(client.Docs), new(client.DocsBlock), new(client.Download), new(client.Error), new(client.Field), new(client.Filter), new(client.Inspection), new(client.Match), new(client.Nullable[int]),
	new(client.OAuthApps), new(client.OAuthAppRequest), new(client.Page), new(client.PausedError), new(client.Piece), new(client.Query), new(client.RecordError), new(client.Result),
	new(client.Automation), new(client.AutomationChange), new(client.AutomationRequest), new(client.ConnectionTemplate), new(client.ConnectionTemplateChange),
	new(client.ConnectionTemplateRequest), new(client.EntityDescription), new(client.OAuthRequest), new(client.SourceTemplateChange), new(client.SourceTemplateDetails),
	new(client.SourceTemplateRequest), new(client.Semantic), new(client.Skills), new(client.SourceTemplates), new(client.Time), new(client.Workflows), new(client.Workspace),
}

// The zero values of exported types are of no use, but they say so.
func TestZeroValues(t *testing.T) {
	tested := map[string]bool{}
	for _, zero := range zeroValues {
		typ := reflect.TypeOf(zero)
		tested[typ.Elem().Name()] = true
		for i := range typ.NumMethod() {
			method := typ.Method(i)
			if method.Name == "Format" { // fmt calls it
				continue
			}
			t.Run(typ.Elem().Name()+"."+method.Name, func(t *testing.T) {
				fresh := reflect.New(typ.Elem())
				args := []reflect.Value{fresh}
				calls := false
				for j := 1; j < method.Type.NumIn(); j++ {
					in := method.Type.In(j)
					if method.Type.IsVariadic() && j == method.Type.NumIn()-1 {
						break
					}
					arg := reflect.Zero(in)
					switch {
					case in == reflect.TypeFor[context.Context]():
						arg, calls = reflect.ValueOf(t.Context()), true
					case in.Kind() == reflect.Interface && in.NumMethod() == 0:
						arg = reflect.New(in)
					case in.Kind() == reflect.String && in.Name() == "string":
						arg = reflect.ValueOf(stubID)
					case in.Kind() == reflect.Pointer:
						arg = reflect.New(in.Elem())
					case in.Kind() == reflect.Func:
						arg = reflect.MakeFunc(in, func([]reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(false)}[:in.NumOut()] })
					}
					args = append(args, arg)
				}
				defer func() {
					if v := recover(); v != nil {
						t.Errorf("panics: %v", v)
					}
				}()
				wantRefusal(t, method.Func.Call(args), calls)
				_ = fmt.Sprintf("%v %+v %#v", fresh.Interface(), fresh.Interface(), fresh.Elem().Interface())
			})
		}
	}
	for fn, inTest := range functions(t) {
		if inTest || fn.Recv == nil || !fn.Name.IsExported() {
			continue
		}
		of := fn.Recv.List[0].Type
		if star, ok := of.(*ast.StarExpr); ok {
			of = star.X
		}
		if index, ok := of.(*ast.IndexExpr); ok {
			of = index.X
		}
		if name := fmt.Sprint(of); ast.IsExported(name) && !tested[name] {
			t.Errorf("%s has methods, and its zero value is not tested", name)
		}
	}
}

// wantRefusal checks what a method returned: a call must have failed.
func wantRefusal(t *testing.T, results []reflect.Value, calls bool) {
	t.Helper()
	if len(results) == 0 {
		return
	}
	last := results[len(results)-1]
	if last.Kind() == reflect.Func && last.Type().NumIn() == 1 && calls { // an iterator
		err := error(nil)
		yield := reflect.MakeFunc(last.Type().In(0), func(args []reflect.Value) []reflect.Value {
			err, _ = args[len(args)-1].Interface().(error)
			return []reflect.Value{reflect.ValueOf(false)}
		})
		last.Call([]reflect.Value{yield})
		last = reflect.ValueOf(&err).Elem()
	}
	if last.Type() != reflect.TypeFor[error]() {
		return
	}
	err, _ := last.Interface().(error)
	if calls && err == nil {
		t.Error("no error")
	}
	if err != nil && strings.Contains(err.Error(), "nil pointer") {
		t.Error(err)
	}
}

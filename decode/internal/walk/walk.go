// Package walk visits everything that descriptions consist of, for tests.
package walk

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"trapline/tables"
)

// Values calls visit with a pointer to every value that roots lead to, once each, except
// the sets of constants. It does not find values that only Go functions name.
func Values(visit func(v any), roots ...any) {
	All(func(v reflect.Value) {
		if v.Kind() == reflect.Pointer {
			visit(reflect.NewAt(v.Type().Elem(), v.UnsafePointer()).Interface())
		}
	}, roots...)
}

// All calls visit with every value that roots lead to, in the same way. These may be
// values of unexported fields.
func All(visit func(v reflect.Value), roots ...any) {
	w := walker{visit: visit, seen: make(map[place]bool)}
	for _, root := range roots {
		w.walk(reflect.ValueOf(root))
	}
}

type walker struct {
	visit func(v reflect.Value)
	seen  map[place]bool
	names []string // of the calls, ioctls and members around the value, outermost first
}

// place is where a value of a type is.
type place struct {
	at  unsafe.Pointer
	typ reflect.Type
}

func (w *walker) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		p := place{v.UnsafePointer(), v.Type()}
		if v.IsNil() || w.seen[p] || v.Type() == reflect.TypeFor[*tables.Set]() {
			return
		}
		w.seen[p] = true
		w.visit(v)
		w.walk(v.Elem())
		return
	case reflect.Invalid:
		return
	}
	w.visit(v)
	switch v.Kind() {
	case reflect.Interface:
		w.walk(v.Elem())
	case reflect.Struct:
		around := len(w.names)
		if name := nameOf(v); name != "" {
			w.names = append(w.names, name)
		}
		for i := range v.NumField() {
			w.walk(v.Field(i))
		}
		w.names = w.names[:around]
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			w.walk(v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			w.walk(it.Value())
		}
	}
}

// nameOf is the name of a call or a member, or the names of a group of ioctls.
func nameOf(v reflect.Value) string {
	for _, field := range []string{"Name", "Names"} {
		if f := v.FieldByName(field); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
	}
	return ""
}

// Resolve looks up all names of members and constants in what roots lead to. It returns
// how many values have such names, and a message for each value with an unknown name. The
// message starts with the call or ioctl that the value is in.
func Resolve(roots ...any) (n int, problems []string) {
	w := walker{seen: make(map[place]bool)}
	w.visit = func(v reflect.Value) {
		if v.Kind() != reflect.Pointer {
			return
		}
		defer func() {
			if p := recover(); p != nil {
				problems = append(problems, fmt.Sprint(strings.Join(w.names, ": "), ": ", p))
			}
		}()
		if r, ok := reflect.NewAt(v.Type().Elem(), v.UnsafePointer()).Interface().(interface{ Resolve() }); ok {
			n++
			r.Resolve()
		}
	}
	for _, root := range roots {
		w.walk(reflect.ValueOf(root))
	}
	return n, problems
}

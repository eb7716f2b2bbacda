package decode

import (
	"reflect"
	"strings"
	"testing"

	"trapline/decode/internal/walk"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// TestNamesInDescriptions looks up the names of constants and members that the
// descriptions of calls and ioctls have.
func TestNamesInDescriptions(t *testing.T) {
	n, problems := walk.Resolve(subsystems, ioctlRequests)
	for _, p := range problems {
		t.Error(p)
	}
	if n < 700 {
		t.Errorf("only %d descriptions have names", n)
	}
}

// Formats do not escape the names of calls, arguments, members and flags.
func TestNamesArePlain(t *testing.T) {
	n := 0
	check := func(name string) {
		if n++; output.PlainASCII(name) != len(name) {
			t.Errorf("%q has characters that have to be escaped", name)
		}
	}
	walk.All(func(v reflect.Value) {
		if v.Kind() == reflect.Struct {
			if name := v.FieldByName("Name"); name.IsValid() && name.Kind() == reflect.String {
				check(name.String())
			}
		}
	}, subsystems, ioctlRequests)
	if n < 5000 {
		t.Errorf("descriptions have only %d names", n)
	}
	tables.ConstantNames(func(name string) bool { check(name); return true })
	for _, abi := range tables.ABIs {
		for nr := range uint64(1000) {
			if row := tables.Lookup(abi, nr); row != nil {
				check(row.Name)
			}
		}
	}
}

// TestReferences finds references to members and arguments that do not exist in the
// description of the call or ioctl.
func TestReferences(t *testing.T) {
	for _, group := range allGroups() {
		for _, calls := range []lang.Calls{group.Both, group.X86, group.I386} {
			for i := range calls {
				for _, name := range unresolved(calls[i].Args) {
					t.Errorf("%s: nothing is called %q", calls[i].Name, name)
				}
			}
		}
	}
	for _, r := range allIoctls() {
		for _, name := range unresolved(r.Arg) {
			if strings.HasPrefix(r.Names, "DM_") {
				continue // a member of struct dm_ioctl, which Go functions add
			}
			t.Errorf("%s: nothing is called %q", r.Names, name)
		}
	}
}

// unresolved are the references in a description to names that it does not contain.
func unresolved(description any) (names []string) {
	refs, members := make(map[string]bool), make(map[string]bool)
	walk.All(func(v reflect.Value) {
		switch v.Type() {
		case reflect.TypeFor[lang.Ref]():
			refs[v.String()] = true
		case reflect.TypeFor[lang.Field](), reflect.TypeFor[lang.NamedArm]():
			members[v.FieldByName("Name").String()] = true
		}
	}, description)
	for name := range refs {
		if !members[name] && name != "" { // "" is not a request
			names = append(names, name)
		}
	}
	return names
}

// allIoctls are the descriptions of ioctls.
func allIoctls() []kernel.Ioctl {
	var all []kernel.Ioctl
	for _, requests := range ioctlRequests {
		for _, list := range *requests {
			all = append(all, list...)
		}
	}
	return all
}

// TestIoctlNames finds descriptions of requests that do not exist.
func TestIoctlNames(t *testing.T) {
	native, compat := tables.IoctlsByName(tables.X86_64), tables.IoctlsByName(tables.I386)
	for _, r := range allIoctls() {
		for name := range strings.FieldsSeq(r.Names) {
			if native[name] == 0 && compat[name] == 0 {
				t.Errorf("no request is called %q", name)
			}
		}
	}
}

// otherSizes are requests whose numbers do not have the size of their struct, and
// why.
var otherSizes = map[string]string{
	"BTRFS_IOC_TREE_SEARCH":    "the items behind the key are shown one by one",
	"UBI_IOCEBCH":              "made of the type of the first member",
	"TUNSETIFF":                "made of an int",
	"TUNGETIFF":                "made of an unsigned int",
	"TUNSETQUEUE":              "made of an int",
	"PERF_EVENT_IOC_QUERY_BPF": "made of a pointer",
}

// TestIoctlSizes compares structs behind requests with the size in the request's
// number.
func TestIoctlSizes(t *testing.T) {
	compared := 0
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		ops := tables.IoctlsByName(abi)
		for _, r := range allIoctls() {
			st := structBehind(r.Arg)
			if st == nil {
				continue
			}
			for name := range strings.FieldsSeq(r.Names) {
				op := ops[name]
				if kernel.IocDir(op) == 0 || otherSizes[name] != "" {
					continue
				}
				compared++
				if got, want := st.Layout(abi).Size, int(kernel.IocSize(op)); got != want {
					t.Errorf("%v: %s has a struct of %d bytes, the request says %d", abi, name, got, want)
				}
			}
		}
	}
	if compared < 300 {
		t.Errorf("only %d structs compared", compared)
	}
}

// structBehind is the struct that the argument of an ioctl points to, or nil.
func structBehind(t lang.Type) *lang.Struct {
	switch t := t.(type) {
	case *kernel.NamedArgument:
		return structBehind(t.Of)
	case *kernel.Returning:
		return structBehind(t.Of)
	case *lang.Ptr:
		return asStruct(t.To)
	case *lang.Out:
		return asStruct(t.To)
	case *lang.Change:
		return asStruct(t.In)
	case *lang.Fill:
		return t.Out
	}
	return nil
}

func asStruct(t lang.Type) *lang.Struct {
	st, _ := t.(*lang.Struct)
	return st
}

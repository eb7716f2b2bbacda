package decode

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"trapline/decode/ioctl"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/tables"
)

var update = flag.Bool("update", false, "write zindex.go and zioctlindex.go")

// TestCallIndex compares the index with the positions of the descriptions. go generate
// writes it, with -update.
func TestCallIndex(t *testing.T) {
	var index [tables.NumABI][]uint16
	for abi := range index {
		index[abi] = callPlaces(t, tables.ABI(abi))
	}
	if *update {
		writeCallIndex(t, index)
		return
	}
	for abi := range index {
		abi := tables.ABI(abi)
		for row := range tables.Syscalls(abi) {
			nr := uint64(row.NR)
			if got, want := descriptionOf(abi, nr), description(abi, row.Name); got != want {
				t.Errorf("%v: the index has %v for %s, want %v: run go generate ./decode", abi, name(got), row.Name, name(want))
			}
		}
		if got, want := len(callIndex[abi]), len(index[abi]); got != want {
			t.Errorf("%v: the index has %d numbers, want %d: run go generate ./decode", abi, got, want)
		}
	}
}

// callPlaces are the places of the calls of an ABI, by number.
func callPlaces(t *testing.T, abi tables.ABI) []uint16 {
	byName := make(map[string]uint16)
	for i, groups := range subsystems {
		for j := range *groups {
			for _, own := range []bool{false, true} {
				p := place{uint8(i), uint8(j), own, 0}
				for k, d := range p.calls(abi) {
					p.call = uint8(k)
					if unpack(p.packed()) != p || p.packed() == noPlace {
						t.Fatalf("the place of %s has no room: %+v", d.Name, p)
					}
					for name := range strings.FieldsSeq(d.Name) {
						byName[name] = p.packed()
					}
				}
			}
		}
	}
	var places []uint16
	for row := range tables.Syscalls(abi) {
		for len(places) <= int(row.NR) {
			places = append(places, noPlace)
		}
		if p, ok := byName[row.Name]; ok {
			places[row.NR] = p
		}
	}
	return places
}

func writeCallIndex(t *testing.T, index [tables.NumABI][]uint16) {
	var b bytes.Buffer
	b.WriteString("// callIndex has the packed places of the descriptions of calls, by number.\nvar callIndex = [tables.NumABI][]uint16{\n")
	for abi, places := range index {
		fmt.Fprintf(&b, "tables.%s: {\n", abiNames[abi])
		for nr, p := range places {
			fmt.Fprintf(&b, "%#x,", p)
			if nr%16 == 15 || nr == len(places)-1 {
				b.WriteString("\n")
			}
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	writeGenerated(t, "zindex.go", b.String())
}

// TestIoctlIndex compares the index of ioctls with the positions of the descriptions. go
// generate writes it, with -update.
func TestIoctlIndex(t *testing.T) {
	var index [tables.NumABI][]ioctlPlace
	var types [tables.NumABI]string
	for abi := range index {
		index[abi] = ioctlPlaces(t, tables.ABI(abi))
		types[abi] = typesOf(index[abi])
	}
	if *update {
		writeIoctlIndex(t, index, types)
		return
	}
	for abi := range index {
		if !slices.Equal(index[abi], ioctlIndex[abi]) || types[abi] != ioctlTypes[abi] {
			t.Errorf("%v: the index differs from the descriptions: run go generate ./decode", tables.ABI(abi))
		}
	}
}

// ioctlPlaces are the places of the requests of an ABI, in the order of their
// numbers.
func ioctlPlaces(t *testing.T, abi tables.ABI) []ioctlPlace {
	ops := tables.IoctlsByName(abi)
	byOp := make(map[uint32]ioctlPlace)
	for i, requests := range ioctlRequests {
		if requests == &ioctl.NativeRequests && abi != tables.X86_64 {
			continue
		}
		for j, list := range *requests {
			for k, r := range list {
				for name := range strings.FieldsSeq(r.Names) {
					if op, ok := ops[name]; ok {
						p := ioctlPlace{op, uint8(i), uint8(j), uint8(k)}
						if int(p.list) != j || int(p.row) != k {
							t.Fatalf("the place of %s has no room", name)
						}
						byOp[op] = p
					}
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(byOp), func(a, b ioctlPlace) int { return cmp.Compare(a.op, b.op) })
}

// typesOf are the types of requests, each once.
func typesOf(places []ioctlPlace) string {
	var types [256]bool
	for _, p := range places {
		types[kernel.IocType(p.op)] = true
	}
	var b []byte
	for i, has := range types {
		if has {
			b = append(b, byte(i))
		}
	}
	return string(b)
}

func writeIoctlIndex(t *testing.T, index [tables.NumABI][]ioctlPlace, types [tables.NumABI]string) {
	var b bytes.Buffer
	b.WriteString("// ioctlIndex has the places of the descriptions of ioctls, in the order of their requests.\nvar ioctlIndex = [tables.NumABI][]ioctlPlace{\n")
	for abi, places := range index {
		fmt.Fprintf(&b, "tables.%s: {\n", abiNames[abi])
		for i, p := range places {
			fmt.Fprintf(&b, "{%#x,%d,%d,%d},", p.op, p.requests, p.list, p.row)
			if i%8 == 7 || i == len(places)-1 {
				b.WriteString("\n")
			}
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n\n// ioctlTypes has the types of these requests.\nvar ioctlTypes = [tables.NumABI]string{\n")
	for abi := range types {
		fmt.Fprintf(&b, "tables.%s: %q,\n", abiNames[abi], types[abi])
	}
	b.WriteString("}\n")
	writeGenerated(t, "zioctlindex.go", b.String())
}

// abiNames are the names of ABIs in package tables.
var abiNames = [tables.NumABI]string{tables.X86_64: "X86_64", tables.I386: "I386", tables.X32: "X32"}

// writeGenerated writes a file with declarations that need package tables.
func writeGenerated(t *testing.T, name, declarations string) {
	const head = "// Code generated by go test -run 'Test(Call|Ioctl)Index' -update; DO NOT EDIT.\n\npackage decode\n\nimport \"trapline/tables\"\n\n"
	src, err := format.Source([]byte(head + declarations))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, src, 0o644); err != nil {
		t.Fatal(err)
	}
}

// name is that of a description, for messages.
func name(d *lang.Desc) string {
	if d == nil {
		return "nothing"
	}
	return d.Name
}

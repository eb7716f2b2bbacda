package decode

import (
	"strings"
	"testing"

	"trapline/decode/lang"
	"trapline/tables"
)

// TestEveryCallIsDescribed finds implemented system calls that would be shown
// by their bare registers.
func TestEveryCallIsDescribed(t *testing.T) {
	for _, abi := range tables.ABIs {
		for row := range tables.Syscalls(abi) {
			if row.Implemented() && description(abi, row.Name) == nil {
				t.Errorf("%v: %s (%d) has no description", abi, row.Name, row.NR)
			}
		}
	}
}

// TestDescriptionsAreUsed finds descriptions of calls that no ABI has.
func TestDescriptionsAreUsed(t *testing.T) {
	for _, s := range allGroups() {
		for _, group := range []struct {
			calls lang.Calls
			abis  []tables.ABI
		}{
			{s.Both, []tables.ABI{tables.X86_64, tables.I386}},
			{s.X86, []tables.ABI{tables.X86_64, tables.X32}},
			{s.I386, []tables.ABI{tables.I386}},
		} {
			for _, d := range group.calls {
				for name := range strings.FieldsSeq(d.Name) {
					if !anyABI(group.abis, name) {
						t.Errorf("no system call is called %q", name)
					}
				}
			}
		}
	}
}

func anyABI(abis []tables.ABI, name string) bool {
	for _, abi := range abis {
		if tables.ByName(abi, name) != nil {
			return true
		}
	}
	// Some are known only to the i386 multiplexers.
	return name == "send" || name == "recv" || strings.HasPrefix(name, "ipc_")
}

// allGroups are the groups of all subsystems.
func allGroups() []lang.Group {
	var all []lang.Group
	for _, groups := range subsystems {
		all = append(all, *groups...)
	}
	return all
}

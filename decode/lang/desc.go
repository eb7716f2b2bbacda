package lang

import (
	"strconv"
	"strings"

	"trapline/tables"
)

// Desc describes one system call.
type Desc = struct {
	// Name is the call's name in the tables; several names, separated by
	// blanks, share a description.
	Name string
	Args Args
	Ret  Type // what the result means; see RetUnsigned
}

// Calls is a group of descriptions.
type Calls []Desc

// Args are the arguments of a call, in order. Types wider than a register
// (Loff on i386) take the registers that they need.
type Args []Field

// Field is an argument of a call or a member of a struct. The name is that of
// the manual page, which strace -N shows. A Field called "_" is not shown.
type Field = struct {
	Name string
	Type Type
}

// Group is descriptions of some calls.
type Group struct {
	Both Calls // calls that are the same in both tables
	X86  Calls // 64-bit calls that i386 lacks or that mean something else there
	I386 Calls // i386 calls that 64-bit programs lack or that mean something else there
}

// Gather adds the descriptions of an ABI, by the names of calls.
func Gather(byName map[string]*Desc, abi tables.ABI, groups []Group) {
	for i := range groups {
		s := &groups[i]
		own := s.X86
		if abi == tables.I386 {
			own = s.I386
		}
		for _, calls := range [...]Calls{s.Both, own} {
			for i := range calls {
				for name := range strings.FieldsSeq(calls[i].Name) {
					byName[name] = &calls[i]
				}
			}
		}
	}
}

// Others, the last of Args, stands for arguments whose meaning is not known. The
// number that it is converted from is that of all arguments. Its name is "".
type Others int

// Layout implements Type.
func (Others) Layout(tables.ABI) Layout { return Layout{0, 1} }

// Show is never called: newSignature replaces Others with arguments.
func (Others) Show(*Call, View) {}

// args are the arguments after the known ones.
func (all Others) args(known int) Args {
	var args Args
	for i := known; i < int(all); i++ {
		args = append(args, Field{"arg" + strconv.Itoa(i+1), Xlong})
	}
	return args
}

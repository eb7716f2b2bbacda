package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Word is a number that many calls have: what is known of it is in words. Words
// are constants, since a package's descriptions are laid out by the compiler only
// if they name no variable of another package by its value.
type Word uint8

// The words.
const (
	FD        Word = iota // a file descriptor
	FD64                  // a file descriptor in a 64-bit member
	DirFD                 // a directory descriptor that may be AT_FDCWD
	ContextFD             // a descriptor of something that is not a file yet, so that a call that is given one does not use a file by it
	RetFD                 // a result that is a file descriptor

	ID         // a user or group id; -1 stands for none
	ID16       // an id of the old 16-bit i386 calls
	PIDOrGroup // the id of a process or, negative, of a process group

	FileMode   // a file's type and permissions, 32 bits wide
	FileMode16 // the same in 16 bits
	Dev        // a device number in the 32 bits that the kernel takes (new_encode_dev of linux/kdev_t.h)
	Dev16      // a device number in the 16 bits of old, 8 for the major and 8 for the minor
	Dev64      // a device number in 64 bits (st_dev on x86-64)

	Errno        // an error number
	ErrorName    // an int with the name of an error
	NegatedError // an int with the negated number of an error, or zero
	Signal       // a signal's number

	TimeT  // a time_t with the date in a comment
	ClockT // a clock_t

	Port    // an integer in network order, shown in the host's inside the macro that converts it
	NetU32  // the same with 32 bits
	EtherID // a protocol above Ethernet in network order
	IfIndex // the index of a network interface
)

var words = [...]Type{
	FD:        &Descriptor{Number: Int},
	FD64:      &Descriptor{Number: S64},
	DirFD:     &Descriptor{Number: Int, Dir: true},
	ContextFD: &Descriptor{Number: Int, context: true},
	RetFD:     resultFD{S64},

	ID:         &id{U32},
	ID16:       &id{U16},
	PIDOrGroup: &pidOrGroup{Int},

	FileMode:   &fileMode{O32},
	FileMode16: &fileMode{O16},
	Dev:        &Device{Uint},
	Dev16:      &Device{U16},
	Dev64:      &Device{U64},

	Errno:        &errno{Uint},
	ErrorName:    &errnum{Int, false},
	NegatedError: &errnum{Int, true},
	Signal:       &signal{Int},

	TimeT:  &Date{KLong},
	ClockT: &clockT{Long},

	Port:    &bigEndian{Layouts(U16), "htons", nil, output.Unsigned},
	NetU32:  &bigEndian{Layouts(U32), "htonl", nil, output.Unsigned},
	EtherID: &bigEndian{Layouts(U16), "htons", &tables.EtherProtocol, output.Hex},
	IfIndex: &ifIndex{U32},
}

// Type is the type that the word stands for. It takes the word's place when
// arguments and structs are laid out.
func (w Word) Type() Type { return words[w] }

// Layout implements Type.
func (w Word) Layout(abi tables.ABI) Layout { return words[w].Layout(abi) }

// Value is the number.
func (w Word) Value(c *Call, v View) uint64 { return NumberOf(c, words[w], v) }

// Show implements Type.
func (w Word) Show(c *Call, v View) { words[w].Show(c, v) }

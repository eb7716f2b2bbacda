package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Word is a number that many calls use. Its type is in words. Words are constants
// because the compiler lays out a package's descriptions only if they do not use
// variables of other packages by value.
type Word uint8

// The words.
const (
	FD         Word = iota // a file descriptor
	FD64                   // a file descriptor in a 64-bit member
	DirFD                  // a directory descriptor that may be AT_FDCWD
	ContextFD              // a descriptor that is only a context, not a file, so that -P does not match calls that use it
	RetFD                  // a result that is a file descriptor
	SourceFD               // a descriptor that data is read from
	SinkFD                 // one that data is written to
	ChangedFD              // one of a file whose attributes are changed
	EnteredFD              // one of a directory that the call makes the working directory
	NewFD                  // one that the call makes
	ClosedFD               // one that it closes
	ReplacedFD             // one that it makes, and closes if it was open
	ListenFD               // a socket that connections are taken from, or will be
	ConnectFD              // a socket that is connected
	BindFD                 // a socket that gets an address

	ID         // a user or group id; -1 stands for none
	ID16       // an id of the old 16-bit i386 calls
	PIDOrGroup // the id of a process or, negative, of a process group

	FileMode   // a file's type and permissions, 32 bits wide
	FileMode16 // the same in 16 bits
	Dev        // a device number in the 32 bits that the kernel takes (new_encode_dev of linux/kdev_t.h)
	Dev16      // a device number in the old 16-bit encoding, 8 bits each for major and minor
	Dev64      // a device number in 64 bits (st_dev on x86-64)

	Errno        // an error number
	ErrorName    // an int with the name of an error
	NegatedError // an int with the negated number of an error, or zero
	Signal       // a signal's number

	TimeT  // a time_t with the date in a comment
	ClockT // a clock_t

	Port    // a 16-bit integer in network byte order, shown in host order as the argument of htons
	netU32  // a 32-bit one
	etherID // an Ethernet protocol in network byte order
	IfIndex // the index of a network interface
)

var words = [...]Type{
	FD:        &Descriptor{Number: Int},
	FD64:      &Descriptor{Number: S64},
	DirFD:     &Descriptor{Number: Int, Dir: true},
	ContextFD: &Descriptor{Number: Int, context: true},
	RetFD:     resultFD{S64},

	SourceFD:   &Descriptor{Number: Int, Use: FDRead},
	SinkFD:     &Descriptor{Number: Int, Use: FDWritten},
	ChangedFD:  &Descriptor{Number: Int, Use: FDChanged},
	EnteredFD:  &Descriptor{Number: Int, Use: FDEntered},
	NewFD:      &Descriptor{Number: Int, Use: FDNew},
	ClosedFD:   &Descriptor{Number: Int, Use: FDClosed},
	ReplacedFD: &Descriptor{Number: Int, Use: FDReplaced},
	ListenFD:   &Descriptor{Number: Int, Use: FDListens},
	ConnectFD:  &Descriptor{Number: Int, Use: FDConnects},
	BindFD:     &Descriptor{Number: Int, Use: FDBinds},

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
	netU32:  &bigEndian{Layouts(U32), "htonl", nil, output.Unsigned},
	etherID: &bigEndian{Layouts(U16), "htons", &tables.EtherProtocol, output.Hex},
	IfIndex: &ifIndex{U32},
}

// Type returns the type that the word stands for. It replaces the word when
// arguments and structs are laid out.
func (w Word) Type() Type { return words[w] }

// Layout implements Type.
func (w Word) Layout(abi tables.ABI) Layout { return words[w].Layout(abi) }

// Keep implements keeper of package lang.
func (w Word) Keep(k *Keeps) { k.Value(words[w]) }

// Value returns the number.
func (w Word) Value(c *Call, v View) uint64 { return NumberOf(c, words[w], v) }

// Show implements Type.
func (w Word) Show(c *Call, v View) { words[w].Show(c, v) }

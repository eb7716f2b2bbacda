// Package output writes the trace. It has the life cycle of records, the log that records
// are written to, and the interface of a format. It knows nothing about the kernel:
// package decode decides what a value means and calls the methods ("verbs") of Encoder.
// The packages below this one, one for each format, decide how records look.
package output

import (
	"unsafe"

	"trapline/tables"
)

// Base is how a number is written if its name is not shown: Hex, Unsigned,
// Signed, Octal or Padded. NamesAlone may be added.
type Base uint8

const (
	Hex      Base = iota // 0x1f, and plain 0 for zero
	Unsigned             // 31
	Signed               // -1: the number is sign-extended to 64 bits; others are zero-extended
	Octal                // 0644, and 000 for zero, like file modes

	// NamesAlone writes a value as its names, without numbers, regardless of
	// -X.
	NamesAlone Base = 1 << 7
)

// Padded is Hex with leading zeros for a number of size bytes, to a width of
// 2*size characters including the 0x: 0x000001, and 00000000 for zero.
func Padded(size int) Base { return Base(size) << padding }

const padding = 2 // position of the size in a Base

// ArgName says when text shows the name of an argument.
type ArgName uint8

const (
	NameOptional ArgName = iota // with -N
	NameAlways                  // clone(child_stack=NULL, ...)
)

// StringKind says what a string is.
type StringKind uint8

const (
	Plain      StringKind = iota // C string: "abc"
	Terminated                   // may end in a NUL, which text omits unless the whole string is in hexadecimal
	Binary                       // not text, every byte is escaped: "\x00\x50"
	Path                         // file name
	Abstract                     // name of a socket outside the file system: @"name"
)

// CommentKind is the meaning of a comment.
type CommentKind uint8

const (
	Note  CommentKind = iota // a remark by trapline
	Gloss                    // the name of the value: -X raw omits it
)

// NamedKind is how text shows a symbolic form with -X verbose. Abbrev shows
// only the symbolic form, raw only the plain one.
type NamedKind uint8

const (
	InComment        NamedKind = iota // 0x801 /* makedev(0x8, 0x1) */, names without their numbers
	NumbersInComment                  // 7 /* 0x2 /* AF_INET */ */
	BeforePlain                       // [0x2 /* AF_INET */] /* [0x5] */
	WithoutPlain                      // 0x2 /* AF_INET */|0xa
)

// Operator is how two values make one number.
type Operator uint8

const (
	Or   Operator = iota // they are bits of one word, but do not come from one Set
	Plus                 // a named base, and the number added to it
)

// RemarkKind is the meaning of a remark.
type RemarkKind uint8

const (
	Aside      RemarkKind = iota // details of the result: (Timeout), (flags O_RDWR)
	ResultName                   // the name of the result: -X raw omits it
)

// Encoder records one tracee's calls while they are decoded. Each tracee has
// its own Encoder, so that a call may pause at its syscall-enter-stop and
// continue at its syscall-exit-stop while other tracees run.
//
// Values are written one after another, without an intermediate tree;
// separators, quoting, colours and the -X style (raw, abbrev, verbose) are up
// to the encoder. Strings and []byte are copied before the verb returns: bytes
// that are about to change may be passed with AsString.
//
// A value is one scalar verb, or one Begin...End pair. Inside an array or a
// macro each value is preceded by Elem, inside a struct by Field, at the top
// level by Arg. Comment, Annotate and Changed follow the value that they
// belong to.
//
// The names of arguments, members and flags are names in C or like them: no format has to
// escape any of their characters (PlainASCII).
type Encoder interface {
	// Arg starts the next argument of the call.
	Arg(name string, shown ArgName)

	// Number writes a plain number.
	Number(v uint64, base Base)
	// Addr writes a user-space address: NULL for 0, else hexadecimal.
	Addr(v uint64)
	// Enum writes a value that may have a name in set. base is for raw and
	// unknown values; unknown ones are followed by set.Unknown as a comment.
	Enum(v uint64, set *tables.Set, base Base)
	// Flags writes a flags word as the names of its bits, and the remaining
	// bits in base; a word without any known bit is followed by set.Unknown as
	// a comment. Text omits an empty word if the set has no Unknown.
	Flags(v uint64, set *tables.Set, base Base)
	// Symbol writes a value whose name was found without a Set. -X abbrev and
	// verbose show name; raw and verbose show v.
	Symbol(v uint64, name string, base Base)
	// Str writes a string. more says that the original is longer: "abc"...
	Str(kind StringKind, b []byte, more bool)
	// Offset precedes the Str with the bytes of a struct after its known
	// members, from offset off up to end: /* bytes 24..31 */ "\x01...". It
	// follows Field with an empty name.
	Offset(off, end uint64)
	// Text writes a bare token that is not a C string literal, such as a MAC
	// address or "?".
	Text(s string)

	// Annotate adds what strace shows in angle brackets after a number. kind is
	// the key in JSON. "path" and "comm", a descriptor's path and a pid's
	// command, are escaped; other kinds ("socket", "pid", "signals") are not.
	// "dev" ("char 1:3") goes inside the brackets of the preceding path, and
	// "deleted" is a mark after them whose bytes are not shown.
	Annotate(kind string, b []byte)
	// Context adds the SELinux context of the file that a descriptor or path
	// refers to and, unless it is nil, the expected context: [etc_t!!usr_t].
	Context(context, expected []byte)
	// Comment adds a /* comment */ to the value just written, unless s is empty.
	Comment(kind CommentKind, s string)
	// Size follows a Str that was cut, with the length in bytes of the whole.
	// Only JSON shows it.
	Size(n uint64)
	// Changed separates the value at the syscall-enter-stop from the value at
	// the syscall-exit-stop: "16 => 8".
	Changed()

	// BeginNamed, Named and EndNamed are for values whose symbolic form takes several
	// verbs: makedev(0x8, 0x1), S_IFREG|0644, MAP_SHARED|21<<MAP_HUGE_SHIFT. The plain
	// form, one value, follows BeginNamed; the symbolic form follows Named.
	BeginNamed()
	Named(kind NamedKind)
	EndNamed()
	// Native replaces BeginNamed, the plain form and Named if the plain form is
	// bytes in their own order: "\x00\x50" /* htons(80) */. JSON has only the
	// symbolic form.
	Native(b []byte)
	// Inet writes the 4 or 16 bytes of an IPv4 or IPv6 address:
	// inet_addr("127.0.0.1"), inet_pton(AF_INET6, "::1"), with b as for Native.
	// A name that is not empty starts a member, in place of Field. Abbreviated
	// text shows the name of an IPv6 member inside: inet_pton(AF_INET6, "::1",
	// &sin6_addr).
	Inet(name string, b []byte)

	// Join separates two values that together are one number: CLONE_VM|SIGCHLD,
	// SKF_AD_OFF+SKF_AD_PROTOCOL.
	Join(by Operator)
	// Shift follows one of those values if it is shifted left by count bits:
	// FUTEX_OP_ADD<<28. name is the name of the count, or empty:
	// 21<<MAP_HUGE_SHIFT; base is how the count is written.
	Shift(count uint, name string, base Base)

	BeginStruct()
	// Field starts the next member. Text shows a member with an empty name
	// without one (a union's selected arm).
	Field(name string)
	EndStruct()

	BeginArray()
	EndArray()
	// BeginSet and EndSet enclose elements separated by blanks, as in signal
	// and descriptor sets: [CHLD INT], ~[KILL STOP] if complement is true.
	BeginSet(complement bool)
	EndSet()
	// BeginMacro and EndMacro enclose the arguments of a C macro or
	// function: makedev(0x8, 0x1), htons(80).
	BeginMacro(name string)
	EndMacro()
	// Elem starts the next element of an array, set or macro.
	Elem()
	// Index follows Elem with the subscript of an array element, [IFLA_X]=;
	// base is for subscripts without a name.
	Index(v uint64, set *tables.Set, base Base)
	// More says that the rest of the innermost struct, array or argument list
	// is not shown: "...".
	More()

	// Unknown writes "?" for a missing result.
	Unknown()
}

// Outcome records how a call ends and what data it moved. A Record is one.
type Outcome interface {
	// Return starts the call's result, after the last argument. One value
	// follows: a number, which may be annotated, an address, or Unknown.
	Return()
	// Failure follows the value of a failed call, in text usually -1: "ENOENT (No such
	// file or directory)". An errno without a name has an empty name: "(errno 999)". A
	// call to be restarted has Unknown before Failure: "? ERESTARTSYS (To be restarted if
	// SA_RESTART is set)".
	Failure(errno int, name, message string)
	// BeginRemark and EndRemark enclose what a call returns besides its result. They come
	// after the value and Failure: (Timeout), (flags O_RDWR), (in [3], left {tv_sec=1,
	// tv_usec=0}). Each part is one value, started by Field; text shows the field's name
	// followed by a blank. With an empty name, -X verbose shows names without numbers,
	// since the result has shown the numbers; without Field it shows both.
	BeginRemark(kind RemarkKind)
	EndRemark()
	// BeginVCPU and EndVCPU enclose one value after the result: the state of
	// virtual processor cpu (--kvm=vcpu+) before the call or, if left is true,
	// after it.
	BeginVCPU(cpu int, left bool)
	EndVCPU()
	// Dump writes data that the call moved (-e read=, -e write=), after the
	// result.
	Dump(p DumpPart)
}

// DumpKind is the kind of a DumpPart.
type DumpKind uint8

const (
	DumpData    DumpKind = iota // Data, from Offset on, of Size bytes in all
	DumpLost                    // Size unreadable bytes at Addr, in place of the next part
	DumpBuffer                  // title of the data of buffer Index, of Size bytes (an iovec)
	DumpMessage                 // title of message Index, of Size buffers
)

// DumpPart is a part of the data that a call moved.
type DumpPart struct {
	Kind   DumpKind
	Offset uint64
	Size   uint64
	Data   []byte // a multiple of 16 bytes, except in the last part; copied before Dump returns
	Addr   uint64
	Index  int
}

// AsString passes bytes to a verb that takes a string, without copying them.
// The string changes when they do: it must not be kept.
func AsString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

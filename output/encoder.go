// Package output keeps the trace: the life of each record, the log that records
// are written to, and what a format must be able to do. It knows no kernel: what
// a value means is decided by package decode, which speaks the verbs of Encoder.
// How records look is up to the packages below this one, a format each.
package output

import (
	"unsafe"

	"trapline/tables"
)

// Base is how a number is written where its name is not shown: Hex, Unsigned,
// Signed, Octal or Padded. NamesAlone may be added.
type Base uint8

const (
	Hex      Base = iota // 0x1f, and plain 0 for zero
	Unsigned             // 31
	Signed               // -1: the number is sign-extended to 64 bits, others are zero-extended
	Octal                // 0644, and 000 for zero, as file modes are

	// NamesAlone has a value written by its names, without numbers, whatever -X says.
	NamesAlone Base = 1 << 7
)

// Padded is Hex with leading zeros for a number of size bytes, to a width of
// 2*size characters with the 0x: 0x000001, 00000000 for none.
func Padded(size int) Base { return Base(size) << padding }

const padding = 2 // where in a Base the size of Padded is

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
	Terminated                   // may have its NUL behind it, which text leaves out unless all is in hexadecimal
	Binary                       // not text, every byte is escaped: "\x00\x50"
	Path                         // file name
	Abstract                     // name of a socket outside the file system: @"name"
)

// CommentKind says what a comment tells.
type CommentKind uint8

const (
	Note  CommentKind = iota // a remark of trapline's
	Gloss                    // what the value is called: -X raw leaves it out
)

// NamedKind says how text shows a symbolic form with -X verbose. Abbrev shows
// the symbolic form alone, raw the plain one.
type NamedKind uint8

const (
	InComment        NamedKind = iota // 0x801 /* makedev(0x8, 0x1) */, names without their numbers
	NumbersInComment                  // 7 /* 0x2 /* AF_INET */ */
	BeforePlain                       // [0x2 /* AF_INET */] /* [0x5] */
	WithoutPlain                      // 0x2 /* AF_INET */|0xa
)

// RemarkKind says what a remark tells.
type RemarkKind uint8

const (
	Aside      RemarkKind = iota // more than the result: (Timeout), (flags O_RDWR)
	ResultName                   // the name of the result: -X raw leaves it out
)

// Encoder takes down one tracee's calls as they are decoded. There is one
// Encoder per tracee, so that a call may be left at its enter-stop and taken up
// again at its exit-stop while other tracees go on.
//
// Values are written one after another, with no tree between; separators,
// quoting, colours and the -X style (raw, abbrev, verbose) are the encoder's
// business. What is passed as string or []byte is copied before the verb
// returns: bytes that are about to change may be passed with AsString.
//
// A value is one scalar verb, or one Begin...End pair. Inside an array or a
// macro each value is preceded by Elem, inside a struct by Field, at the top
// level by Arg. Comment, Annotate and Changed follow the value that they
// belong to.
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
	// Flags writes a flags word as the names of its bits; what is left is
	// written in base, and alone it is followed by set.Unknown as a comment. Text
	// leaves out an empty word of a set without Unknown.
	Flags(v uint64, set *tables.Set, base Base)
	// Symbol writes a value whose name was found without a Set.
	// name must be shown with -X abbrev and verbose, v with raw and verbose.
	Symbol(v uint64, name string, base Base)
	// Str writes a string. more says that the original goes on: "abc"...
	Str(kind StringKind, b []byte, more bool)
	// Offset precedes the Str of what a struct holds beyond the members that are
	// known, from its byte off up to end: /* bytes 24..31 */ "\x01...". It
	// follows Field with an empty name.
	Offset(off, end uint64)
	// Text writes a bare token that is not a C string literal, such as a MAC
	// address or "?".
	Text(s string)

	// Annotate adds what strace puts in angle brackets behind a number. kind
	// is the key in JSON. "path" and "comm", a descriptor's path and a pid's
	// command, are escaped; other kinds ("socket", "pid", "signals") are bare.
	// "dev" ("char 1:3") goes inside the brackets of the path before it, and
	// "deleted" is a mark behind them whose bytes are not shown.
	Annotate(kind string, b []byte)
	// Context adds the SELinux context of the file that a descriptor or a path
	// stands for and, unless it is nil, the one that was expected: [etc_t!!usr_t].
	Context(context, expected []byte)
	// Comment adds a /* comment */ to the value just written, unless s is empty.
	Comment(kind CommentKind, s string)
	// Size follows a Str that was cut to give the length in bytes of the whole.
	// Only JSON shows it.
	Size(n uint64)
	// Changed stands between the value at the enter-stop and at the
	// exit-stop: "16 => 8".
	Changed()

	// BeginNamed, Named and EndNamed are for values whose symbolic form takes more
	// than one verb: makedev(0x8, 0x1), S_IFREG|0644, MAP_SHARED|21<<MAP_HUGE_SHIFT. The
	// plain form, one value, comes after BeginNamed, the symbolic one after
	// Named.
	BeginNamed()
	Named(kind NamedKind)
	EndNamed()
	// Native stands for BeginNamed, a plain form and Named if the plain form is bytes
	// in an order of their own: "\x00\x50" /* htons(80) */. JSON has the
	// symbolic form alone.
	Native(b []byte)
	// Inet writes the 4 or 16 bytes of an IPv4 or IPv6 address:
	// inet_addr("127.0.0.1"), inet_pton(AF_INET6, "::1"), with b as of Native.
	// A name that is not empty starts a member, in place of Field. Abbreviated
	// text has that of an IPv6 address inside: inet_pton(AF_INET6, "::1", &sin6_addr).
	Inet(name string, b []byte)

	// Or stands between two values that are bits of one word but do not come
	// from one Set: CLONE_VM|SIGCHLD.
	Or()
	// Shift follows one of those values to say that it is shifted left by
	// count bits: FUTEX_OP_ADD<<28. name is the name of the count or empty:
	// 21<<MAP_HUGE_SHIFT; base is how the count is written.
	Shift(count uint, name string, base Base)
	// Plus stands between a named base and what is counted from it:
	// SKF_AD_OFF+SKF_AD_PROTOCOL.
	Plus()

	BeginStruct()
	// Field starts the next member. An empty name is a member that text
	// shows without one (a union's selected arm).
	Field(name string)
	EndStruct()

	BeginArray()
	EndArray()
	// BeginSet and EndSet enclose elements separated by blanks, as signal and
	// descriptor sets are: [CHLD INT], ~[KILL STOP] when complement is true.
	BeginSet(complement bool)
	EndSet()
	// BeginMacro and EndMacro enclose the arguments of a C macro or
	// function: makedev(0x8, 0x1), htons(80).
	BeginMacro(name string)
	EndMacro()
	// Elem starts the next element of an array, set or macro.
	Elem()
	// Index follows Elem to give the subscript of an array element, [IFLA_X]=;
	// base is for those without a name.
	Index(v uint64, set *tables.Set, base Base)
	// More says that the innermost struct, array or argument list goes on
	// but is not shown: "...".
	More()

	// Unknown writes "?" for a missing result.
	Unknown()
	// BeginRemark and EndRemark enclose what a call tells beside its result,
	// after the value and Failure: (Timeout), (flags O_RDWR), (in [3], left
	// {tv_sec=1, tv_usec=0}). Each part is started by Field, whose name text
	// shows with a blank behind it, and is one value. With an empty name -X verbose
	// shows names without numbers, which the result has shown; without Field
	// it shows both.
	BeginRemark(kind RemarkKind)
	EndRemark()
}

// Outcome takes down how a call ends and what data it has moved. A Record is one.
type Outcome interface {
	// Return starts the call's result, after the last argument. One value
	// follows: a number, which may be annotated, an address, or Unknown.
	Return()
	// Failure follows the value of a call that failed, in text usually -1:
	// "ENOENT (No such file or directory)". An errno without a name has an
	// empty name: "(errno 999)". A call to be restarted is Unknown followed by
	// Failure: "? ERESTARTSYS (To be restarted if SA_RESTART is set)".
	Failure(errno int, name, message string)
	// BeginVCPU and EndVCPU enclose one value after the result: the state of
	// virtual processor cpu (--kvm=vcpu+) as it was before the call or, if left
	// is true, as the call has left it.
	BeginVCPU(cpu int, left bool)
	EndVCPU()
	// Dump gives data that the call moved (-e read=, -e write=), after the result.
	Dump(p DumpPart)
}

// DumpKind says what a DumpPart is.
type DumpKind uint8

const (
	DumpData    DumpKind = iota // Data, from Offset on, of Size bytes in all
	DumpLost                    // Size bytes at Addr that cannot be read, which are the next part
	DumpBuffer                  // title of the data of buffer Index, of Size bytes (an iovec)
	DumpMessage                 // title of message Index, of Size buffers
)

// DumpPart is a part of the data that a call has moved.
type DumpPart struct {
	Kind   DumpKind
	Offset uint64
	Size   uint64
	Data   []byte // a multiple of 16 bytes, but for the last; copied before Dump returns
	Addr   uint64
	Index  int
}

// AsString gives bytes to a verb that wants a string, without copying them. The
// string changes when they do: nothing may keep it.
func AsString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

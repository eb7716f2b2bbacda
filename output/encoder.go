// Package output gives decoded system calls their looks: strace's text, JSON
// lines, the summary table, register differences. It knows no kernel: what a
// value means is decided by package decode, which speaks the verbs of Encoder.
package output

import "trapline/tables"

// Base is how a number is written when it has no name to show.
type Base uint8

const (
	Hex      Base = iota // 0x1f, and plain 0 for zero
	Unsigned             // 31
	Signed               // -1
	Octal                // 0644; zero is 000 for modes, see Encoder.Number
)

// Encoder takes down one tracee's calls as they are decoded. There is one
// Encoder per tracee, so that a call may be left at its enter-stop and taken up
// again at its exit-stop while other tracees go on.
//
// Values are written one after another, with no tree between; separators,
// quoting, colours and the -X style (raw, abbrev, verbose) are the encoder's
// business. Whatever is passed as []byte is copied before the verb returns.
//
// A value is one scalar verb, or one Begin...End pair. Inside an array or a
// macro each value is preceded by Elem, inside a struct by Field, at the top
// level by Arg. Comment, Annotate and Changed follow the value that they
// belong to.
type Encoder interface {
	// Arg starts the next argument of the call.
	Arg(name string)
	// NamedArg is Arg for an argument that text always shows by its name:
	// clone(child_stack=NULL, ...).
	NamedArg(name string)

	// Number writes a plain number. With Signed, v is sign-extended to 64
	// bits; otherwise it is zero-extended from its own width.
	Number(v uint64, base Base)
	// Mask writes a number of size bytes with leading zeros, to a width of
	// 2*size characters with the 0x: 0x000001, 00000000 for none.
	Mask(v uint64, size int)
	// Addr writes a user-space address: NULL for 0, else hexadecimal.
	Addr(v uint64)
	// Enum writes a value that may have a name in set. base is for raw and
	// unknown values; unknown ones are followed by set.Unknown as a comment.
	Enum(v uint64, set *tables.Set, base Base)
	// Flags writes a flags word as the names of its bits; what is left is
	// written in base, and alone it is followed by set.Unknown as a comment. Of
	// a set without Unknown, text leaves an empty word out.
	Flags(v uint64, set *tables.Set, base Base)
	// FlagNames is Flags for a word that is shown before as a number: it is
	// written by its names whatever -X says.
	FlagNames(v uint64, set *tables.Set, base Base)
	// Symbol writes a value whose name was found without a Set.
	// name must be shown with -X abbrev and verbose, v with raw and verbose.
	Symbol(v uint64, name string, base Base)
	// Str writes bytes as a quoted string. more says that the original goes
	// on: "abc"...
	Str(b []byte, more bool)
	// Value is Str for data that may be a string with its NUL behind it, which
	// text leaves out unless it writes the whole string in hexadecimal.
	Value(b []byte, more bool)
	// Bytes is Str for data that is no text: every byte is escaped, "\x00\x50".
	Bytes(b []byte, more bool)
	// BytesAt is Bytes for what a struct holds, from its byte off up to end, beyond
	// the members that are known: /* bytes 24..31 */ "\x01...". It follows
	// Field with an empty name.
	BytesAt(off, end uint64, b []byte, more bool)
	// Path is Str for file names.
	Path(b []byte, more bool)
	// Text writes a bare token that is not a C string literal, such as a MAC
	// address or "?".
	Text(s string)
	// TextBytes is Text for bytes that are not kept.
	TextBytes(b []byte)

	// Annotate adds what strace puts in angle brackets behind a number. kind
	// is the key in JSON. "path" and "comm", a descriptor's path and a pid's
	// command, are escaped; other kinds ("socket", "pid", "signals") are bare.
	// "dev" ("char 1:3") goes inside the brackets of the path before it, and
	// "deleted" is a mark behind them whose bytes are not shown.
	Annotate(kind string, b []byte)
	// Context adds the SELinux context of the file that a descriptor or a path
	// stands for and, unless it is nil, the one that was expected: [etc_t!!usr_t].
	Context(context, expected []byte)
	// Comment adds a /* remark */ to the value just written.
	Comment(s string)
	// CommentBytes is Comment for bytes that are not kept.
	CommentBytes(b []byte)
	// Gloss is CommentBytes for what a value is called: -X raw leaves it out.
	Gloss(b []byte)
	// Nameless says that values are shown without their names (-X raw): then
	// a remark that is nothing but the result's name is left out.
	Nameless() bool
	// Size follows a Str that was cut to give the length in bytes of the whole.
	// Only JSON shows it.
	Size(n uint64)
	// Changed stands between the value at the enter-stop and at the
	// exit-stop: "16 => 8".
	Changed()

	// BeginNamed, Named and EndNamed are for values whose symbolic form takes more
	// than one verb: makedev(0x8, 0x1), S_IFREG|0644, MAP_SHARED|21<<MAP_HUGE_SHIFT. The
	// plain form, one value, comes after BeginNamed, the symbolic one after
	// Named. -X abbrev shows the second, raw the first, verbose the second as
	// a comment to the first. Inside the symbolic form names stand alone,
	// without their numbers.
	//
	// NamedFirst is Named for a symbolic form that -X verbose shows with numbers
	// beside its names, and the plain one as a comment to it. With NamedAlone the
	// plain one is not shown. NamedNumbers is Named for one whose names have their
	// numbers beside them within the comment.
	BeginNamed()
	Named()
	NamedFirst()
	NamedAlone()
	NamedNumbers()
	EndNamed()

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

	// BeginNative and EndNative enclose what bytes in an order of their own
	// mean, such as htons(80): one value, shown with -X abbrev; raw shows the
	// bytes in its place, and verbose both: "\x00\x50" /* htons(80) */.
	BeginNative(b []byte)
	EndNative()
	// Inet writes the 4 or 16 bytes of an IPv4 or IPv6 address:
	// inet_addr("127.0.0.1"), inet_pton(AF_INET6, "::1"), with bytes as of
	// BeginNative.
	Inet(b []byte)
	// FieldInet is Field and Inet in one. Abbreviated text has the name of an
	// IPv6 field inside: inet_pton(AF_INET6, "::1", &sin6_addr).
	FieldInet(name string, b []byte)
	// Abstract is Path for a socket's name outside the file system: @"name".
	Abstract(b []byte, more bool)

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
	// Index precedes an array element to give its subscript, [IFLA_X]=; base
	// is for those without a name.
	// It follows Elem.
	Index(v uint64, set *tables.Set, base Base)
	// IndexName is Index for a subscript that is shown by its name alone
	// whatever -X says.
	IndexName(v uint64, set *tables.Set, base Base)
	// Elem starts the next element of an array, set or macro.
	Elem()
	// More says that the innermost struct, array or argument list goes on
	// but is not shown: "...".
	More()

	// Return starts the call's result, after the last argument. One value
	// follows: a number, which may be annotated, an address, or Unknown.
	Return()
	// Unknown writes a result that there is none of: "?".
	Unknown()
	// Failure follows the value of a call that failed, in text usually -1:
	// "ENOENT (No such file or directory)". An errno without a name has an
	// empty name: "(errno 999)". A call to be restarted is Unknown followed by
	// Failure: "? ERESTARTSYS (To be restarted if SA_RESTART is set)".
	Failure(errno int, name, message string)
	// BeginRemark and EndRemark enclose what a call tells beside its result,
	// after the value and Failure: (Timeout), (flags O_RDWR), (in [3], left
	// {tv_sec=1, tv_usec=0}). Each part is started by Field, whose name text
	// shows with a blank behind it, and is one value. An empty name is for a
	// remark that is the name of the result, whose number -X verbose does not
	// repeat in it; without Field it does.
	BeginRemark()
	EndRemark()

	// Dump gives data that the call moved (-e read=, -e write=), after the
	// result: the part of it from off on, whose length is a multiple of 16 but
	// for the last. size is that of the whole.
	Dump(off, size uint64, b []byte)
	// DumpLost says that size bytes at addr, which are the next part, cannot be read.
	DumpLost(addr, size uint64)
	// DumpBuffer starts the data of a buffer among several (an iovec), and
	// DumpMessage that of a message of so many buffers.
	DumpBuffer(index int, size uint64)
	DumpMessage(index int, buffers uint64)

	// BeginVCPU and EndVCPU enclose one value after the result: the state of
	// virtual processor cpu (--kvm=vcpu+) as it was before the call or, if left
	// is true, as the call has left it.
	BeginVCPU(cpu int, left bool)
	EndVCPU()
}

package output

import "slices"

// Options control the look of a trace. All Records of a Log share them.
type Options struct {
	Format *Format // text.Format, json.Format, ...

	PID         PIDStyle
	Clock       Clock     // -t
	ClockDigits Precision // digits of a second in Clock
	Monotonic   bool      // times are those of CLOCK_MONOTONIC
	Relative    bool      // -r
	RelDigits   Precision
	Durations   bool // -T
	DurDigits   Precision
	Number      bool // -n
	IP          bool // -i
	EntryPoints bool
	Multiplexer bool // show Header.Via in text
	ArgNames    bool // -N
	Column      int  // column in which " = " is aligned (-a)
	Names       NameStyle
	Strings     StringStyle
	Palette     *Palette // colours, or nil

	// Statuses selects the calls to show by how they ended (-e status=, -z,
	// -Z). Unless it is AllStatuses, a call is held back until it has ended.
	Statuses StatusSet

	// ReadableNames leaves printable UTF-8 characters unescaped in rows of the summary,
	// unless Strings says otherwise.
	ReadableNames bool

	// Whole writes each call on one line of text, when it ends.
	Whole bool

	// Errnos, if not nil, are the errors of the failed calls to show.
	Errnos *ErrnoSet

	// Sparse says that the trace omits some calls. If the tracee uses the same standard
	// error, lines are then written one by one; otherwise the tracee's own output in such
	// a call would overtake them.
	Sparse bool

	// Run is written at the start of the trace by formats that have a Head.
	Run *Run
	// Earlier are earlier traces that the output also covers. They are described before
	// Run.
	Earlier []*Run
	// Keep, if not 0, is the number of records of each tracee to keep in memory.
	// Nothing is written until Log.Dump. Destination.Separate is ignored.
	Keep int
	// Entries adds a record at the entry of each call, in formats whose Writers
	// are EntryWriters. There is none if Statuses may omit the call.
	Entries bool

	// State is what the Writers of a Log share, if its Format needs that. The
	// Format sets it.
	State any

	clocks clocks // set by OpenLog
}

// PIDStyle is how text lines show their tracee.
type PIDStyle uint8

const (
	PIDNone   PIDStyle = iota // not at all
	PIDColumn                 // "1234  ", with -f -o and --always-show-pid
	PIDMany                   // "[pid  1234] ", once there is more than one tracee
)

// Clock is a format of times.
type Clock uint8

const (
	ClockNone  Clock = iota
	ClockTime        // 23:59:59, local time
	ClockEpoch       // seconds since 1970
)

// Precision is a number of decimals of a second.
type Precision uint8

const (
	Seconds      Precision = 0
	Milliseconds Precision = 3
	Microseconds Precision = 6
	Nanoseconds  Precision = 9
)

// NameStyle is how text shows values that have names (-X).
type NameStyle uint8

const (
	Abbrev  NameStyle = iota // AF_INET
	Raw                      // 0x2
	Verbose                  // 0x2 /* AF_INET */
)

// StringStyle is how text escapes strings.
type StringStyle uint8

const (
	OctalEscapes StringStyle = iota // \33
	HexEscapes                      // \x1b, --strings-in-hex=non-ascii-chars
	HexNonASCII                     // a string with any non-ASCII byte is all \x, -x
	HexAll                          // every string is all \x, -xx
	UTF8                            // printable characters of UTF-8 are not escaped, --strings=utf8
)

// StatusSet is a set of ways for a call to end.
type StatusSet uint8

const (
	Successful StatusSet = 1 << iota
	Failed
	Unfinished        // the tracee died, or another thread called execve
	UnavailableStatus // the result could not be fetched
	Detached          // the trace ended first

	AllStatuses = Successful | Failed | Unfinished | UnavailableStatus | Detached
)

// ErrnoSet is a set of error numbers. A nil set contains all.
type ErrnoSet struct {
	Listed  []int
	Negated bool // the set has all others
}

// Has reports whether an error number is in the set.
func (s *ErrnoSet) Has(errno int) bool {
	return s == nil || slices.Contains(s.Listed, errno) != s.Negated
}

package output

// Options control the look of a trace. All Records of a Log share them.
type Options struct {
	Format *Format // text.Format, json.Format, ...

	PID         PIDStyle
	Clock       Clock     // -t
	ClockDigits Precision // digits of a second in Clock
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

	// Sparse says that the trace omits some calls. Lines for a standard error
	// that the tracee also uses are then written one by one; otherwise the
	// tracee's own output in such a call would overtake them.
	Sparse bool
}

// PIDStyle is how text lines show their tracee.
type PIDStyle uint8

const (
	PIDNone   PIDStyle = iota // not at all
	PIDColumn                 // "1234  ", with -f -o and --always-show-pid
	PIDMany                   // "[pid  1234] ", once there is more than one tracee
)

// Clock is a format of the wall clock.
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

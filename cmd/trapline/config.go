package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"trapline/decode"
	"trapline/decode/registers"
	"trapline/output"
	textformat "trapline/output/text"
	"trapline/tracer"
)

// config is what the command line asks for.
type config struct {
	command  []string // PROG [ARGS]; empty with -p alone
	argv0    string   // --argv0; valid if argv0Set
	argv0Set bool
	pids     []int    // -p
	env      []string // -E, in order: VAR=VAL or VAR
	user     string   // -u; valid if userSet
	userSet  bool

	daemon        daemonMode // -D
	follow        bool       // -f
	detachOnExec  bool       // -b execve
	interruptible int        // -I, 0 if not given
	killOnExit    bool
	syscallLimit  uint64 // 0 is none
	seccomp       bool   // --seccomp-bpf
	colocate      tracer.Colocation

	trace    syscallSet
	abbrev   syscallSet
	verbose  syscallSet
	raw      syscallSet
	signals  signalSet
	quiet    quietSet
	paths    []string // -P, as given and resolved
	traceFDs *fdSet   // --trace-fds, nil if not given
	readFDs  fdSet    // -e read
	writeFDs fdSet    // -e write

	injections []*injection // -e inject=, -e fault=

	destination   output.Destination
	looks         output.Options
	alwaysShowPID bool
	color         colorMode

	stringLimit int
	fds         decode.FDs
	pidDecoding decode.PIDs
	namespaces  bool // which namespaces processes enter
	vcpus       decode.VCPUs
	contexts    decode.Contexts // --secontext

	regs    registerModes  // --regs, 0 if not given
	regSets registers.Sets // --regs-set

	stacks     stackMode // -k
	stackLimit int       // of frames; 0 if not given

	summary     summaryMode
	wallClock   bool          // -w
	sortBy      output.Column // -S
	sorted      bool
	columns     []output.Column // -U, nil for the default
	overhead    time.Duration   // -O; valid if overheadSet
	overheadSet bool

	tip     *tipChoice // --tips, nil if not given
	debug   bool       // -d
	help    bool       // -h
	version bool       // -V

	list   bool     // --list-syscalls
	listed []string // its patterns

	// Short options that count, and the long options they exclude.
	shortD, shortF, shortQ, shortT, shortX, shortY int
	longF, longT, longX, longY, longQ              bool
	shortBigF                                      bool // -F, an older -f
	onlyStatus                                     int  // how many -z and -Z

	warnings []string // to be printed before anything else is done
}

// summaryMode is -c or -C.
type summaryMode uint8

const (
	noSummary summaryMode = iota
	summaryOnly
	summaryToo
)

// quietSet is a set of messages to leave out.
type quietSet uint8

const (
	quietAttach quietSet = 1 << iota
	quietExit
	quietPathResolution
	quietPersonality
	quietSuperseded
)

// tracees is the number of processes to trace from the start.
func (c *config) tracees() int {
	if len(c.command) > 0 {
		return len(c.pids) + 1
	}
	return len(c.pids)
}

// colorMode is --color.
type colorMode uint8

const (
	colorAuto colorMode = iota
	colorAlways
	colorNever
)

// newConfig is what holds when nothing is asked for.
func newConfig() *config {
	return &config{
		trace:       allSyscalls,
		abbrev:      allSyscalls,
		verbose:     allSyscalls,
		signals:     allSignals,
		stringLimit: 32,
		regSets:     registers.Default,
		sortBy:      output.ColumnPercent,
		looks:       output.Options{Format: textformat.Format, Column: 40, Statuses: output.AllStatuses},
	}
}

func (c *config) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// parseCommandLine reads the command line after the program's name. The config
// is returned with an error too, for its warnings.
func parseCommandLine(args []string) (*config, error) {
	c := newConfig()
	operands, err := parseFlags(flagSet(options, c), args)
	if err != nil || c.help || c.version {
		return c, err
	}
	if c.list {
		c.listed = append(c.listed, operands...)
		return c, nil
	}
	c.command = operands
	return c, c.check()
}

// check finds what does not go together, and settles what depends on several
// options.
func (c *config) check() error {
	if len(c.command) == 0 {
		if len(c.pids) == 0 && c.tip == nil {
			return usagef("must have PROG [ARGS] or -p PID")
		}
		if c.argv0Set {
			return usagef("PROG [ARGS] must be specified with --argv0")
		}
	}
	if err := c.settleDaemon(); err != nil {
		return err
	}
	if err := c.settleCounted(); err != nil {
		return err
	}
	c.settleSeccomp()
	if c.shortBigF {
		if c.follow {
			c.warn("deprecated option -F ignored")
		} else {
			c.warn("option -F is deprecated, please use -f/--follow-forks instead")
			c.follow = true
		}
	}
	if c.summary != noSummary && c.destination.Separate {
		return usagef("(-c/--summary-only or -C/--summary) and -ff/--output-separately are mutually exclusive")
	}
	if c.wallClock && c.summary == noSummary {
		return usagef("-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)")
	}
	if c.columns != nil && c.summary == noSummary {
		return usagef("-U/--summary-columns must be given with (-c/--summary-only or -C/--summary)")
	}
	if c.sorted && c.summary == noSummary {
		c.warn("-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)")
	}
	if c.columns == nil {
		c.columns = output.DefaultColumns
	}
	if err := c.checkFormat(); err != nil {
		return err
	}
	c.warnOfNoEffect()
	c.resolvePaths()
	if c.shortQ > 0 && c.longQ {
		return refusef("-q and -e quiet/--quiet cannot be provided simultaneously")
	}
	if c.killOnExit && len(c.pids) > 0 {
		return refusef("--kill-on-exit and -p/--attach are mutually exclusive options")
	}
	if c.destination.Separate && c.destination.Piped() {
		return usagef("piping the output and -ff/--output-separately are mutually exclusive")
	}
	c.settleDefaults()
	return nil
}

// settleCounted gives the short options that are counted (-f -f, -ttt) the
// meaning of their long forms.
func (c *config) settleCounted() error {
	exclusive := func(short, long string) error {
		return refusef("%s and %s cannot be provided simultaneously", short, long)
	}
	if c.shortT > 0 {
		if c.longT {
			return exclusive("-t", "--absolute-timestamps")
		}
		c.looks.Clock, c.looks.ClockDigits = output.ClockTime, output.Seconds
		if c.shortT > 1 {
			c.looks.ClockDigits = output.Microseconds
		}
		if c.shortT > 2 {
			c.looks.Clock = output.ClockEpoch
		}
	}
	if c.shortX > 0 {
		if c.longX {
			return exclusive("-x", "--strings-in-hex")
		}
		c.looks.Strings = output.HexNonASCII
		if c.shortX > 1 {
			c.looks.Strings = output.HexAll
		}
	}
	if c.shortY > 0 {
		if c.longY {
			return exclusive("-y", "--decode-fds")
		}
		c.fds = decode.FDPath
		if c.shortY > 1 {
			c.fds = allFDs
		}
	}
	if c.shortF > 0 {
		if c.longF {
			return exclusive("-f", "--follow-forks")
		}
		if c.shortF > 1 && c.destination.Separate {
			return exclusive("-ff", "--output-separately")
		}
		c.follow = true
		c.destination.Separate = c.destination.Separate || c.shortF > 1
	}
	return nil
}

// settleSeccomp decides whether the command gets the seccomp filter that
// --seccomp-bpf asks for. Nothing else may ask for one: a filter can be seen by
// the command, and the command cannot live on when trapline is killed.
func (c *config) settleSeccomp() {
	if !c.seccomp {
		return
	}
	reason := ""
	switch {
	case !c.follow:
		reason = "--seccomp-bpf cannot be used without -f/--follow-forks, disabling"
	case c.detachOnExec:
		reason = "--seccomp-bpf is not enabled because it is not compatible with -b"
	case c.syscallLimit > 0:
		reason = "--seccomp-bpf is not enabled because it is not compatible with --syscall-limit"
	case len(c.pids) > 0:
		c.warn("--seccomp-bpf is not enabled for processes attached with -p")
		c.seccomp = len(c.command) > 0 // for what is launched beside
	}
	if reason == "" && c.seccomp && tracer.UnderFilter() {
		reason = "--seccomp-bpf is not enabled because a seccomp filter is in force already, which may refuse calls"
	}
	if reason != "" {
		c.warn("%s", reason)
		c.seccomp = false
	}
}

// warnOfNoEffect tells of options that others make void.
func (c *config) warnOfNoEffect() {
	if c.summary == summaryOnly {
		for _, o := range []struct {
			given bool
			name  string
		}{
			{c.looks.IP, "-i/--instruction-pointer"},
			{c.stacks != noStacks, "-k/--stack-trace"},
			{c.looks.Number, "-n/--syscall-number"},
			{c.looks.ArgNames, "-N/--arg-names"},
			{c.looks.Relative, "-r/--relative-timestamps"},
			{c.looks.Clock != output.ClockNone, "-t/--absolute-timestamps"},
			{c.looks.Durations, "-T/--syscall-times"},
			{c.fds != 0, "-y/--decode-fds"},
			{c.contexts != 0, "--secontext"},
		} {
			if o.given {
				c.warn("%s has no effect with -c/--summary-only", o.name)
			}
		}
	}
	if c.destination.Name == "" {
		if c.destination.Separate && !c.follow {
			c.warn("--output-separately has no effect without -o/--output")
		}
		if c.destination.Append {
			c.warn("-A/--output-append-mode has no effect without -o/--output")
		}
	}
	if c.stackLimit > 0 && c.stacks == noStacks {
		c.warn("--stack-trace-frame-limit has no effect without -k/--stack-trace")
	}
	if c.onlyStatus > 1 {
		c.warn("Only the last of -z/--successful-only/-Z/--failed-only options will take effect. " +
			"See status qualifier for more complex filters.")
	}
}

// resolvePaths adds to the paths of -P what they resolve to.
func (c *config) resolvePaths() {
	for _, p := range c.paths[:len(c.paths):len(c.paths)] {
		if p == "" {
			continue // no file, but a path that a call may be given
		}
		real, err := filepath.Abs(p)
		if err == nil {
			real, err = filepath.EvalSymlinks(real)
		}
		if err != nil || real == p {
			continue
		}
		if c.quiet&quietPathResolution == 0 && c.shortQ < 3 {
			c.warn("Requested path %s resolved into %s", strconv.Quote(p), strconv.Quote(real))
		}
		c.paths = append(c.paths, real)
	}
}

// settleDefaults sets what depends on the rest of the command line.
func (c *config) settleDefaults() {
	toFile := c.destination.Name != "" || c.destination.Separate
	c.trace.addUnknown()
	c.looks.Sparse = c.trace != allSyscalls || newFileFilter(c) != nil
	switch {
	case c.shortQ > 2:
		c.quiet = allQuiet
	case c.shortQ > 1:
		c.quiet = quietAttach | quietPersonality | quietExit
	case c.shortQ > 0:
		c.quiet = quietAttach | quietPersonality
	case !c.longQ && c.destination.Name != "" && len(c.command) > 0:
		c.quiet = quietAttach | quietPersonality
	}
	if c.summary == summaryOnly {
		c.signals = 0
		c.quiet |= quietExit | quietSuperseded
	}
	if c.interruptible == 0 && c.daemon != notDaemon {
		c.interruptible = interruptibleNeverTSTP
	}
	if c.interruptible == 0 {
		c.interruptible = interruptibleWaiting
		if c.destination.Name != "" && len(c.command) > 0 {
			c.interruptible = interruptibleNever
		}
	}
	switch {
	case c.alwaysShowPID, toFile && !c.destination.Separate && (c.follow || c.tracees() > 1):
		c.looks.PID = output.PIDColumn
	case toFile:
		c.looks.PID = output.PIDNone
	default:
		c.looks.PID = output.PIDMany
	}
}

// Values of -I: when trapline can be interrupted by signals.
const (
	interruptibleAnywhere  = 1 + iota // at any time
	interruptibleWaiting              // not while a call is decoded
	interruptibleNever                // never by SIGINT and its like
	interruptibleNeverTSTP            // nor by SIGTSTP
)

//go:build linux && amd64

package main

import (
	"fmt"
	"strconv"
	"time"

	"trapline/decode"
	"trapline/output"
	textformat "trapline/output/text"
	"trapline/trace"
)

// config is the parsed command line.
type config struct {
	trace.Options // for the Session

	command  []string // PROG [ARGS]; empty with -p alone
	argv0    string   // --argv0; valid if argv0Set
	argv0Set bool
	pids     []int    // -p
	env      []string // -E, in order: VAR=VAL or VAR
	user     string   // -u; valid if userSet
	userSet  bool

	daemon        daemonMode // -D
	interruptible int        // -I, 0 if not given
	destination   output.Destination
	alwaysShowPID bool
	color         colorMode

	summary   summaryMode
	wallClock bool          // -w
	sortBy    output.Column // -S
	sorted    bool
	columns   []output.Column // -U, nil for the default
	overhead  time.Duration   // -O

	tip     *tipChoice // --tips, nil if not given
	help    bool       // -h
	version bool       // -V

	list   bool     // --list-syscalls
	listed []string // its patterns

	// Short options that are counted, and the long options that they exclude.
	shortD, shortF, shortQ, shortT, shortX, shortY int
	longF, longT, longX, longY, longQ              bool
	shortBigF                                      bool // -F, an older -f
	onlyStatus                                     int  // number of -z and -Z

	warnings []string // printed before anything else is done
}

// summaryMode is -c or -C.
type summaryMode uint8

const (
	noSummary summaryMode = iota
	summaryOnly
	summaryToo
)

// tracees returns the number of processes to trace from the start.
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

// newConfig returns the defaults.
func newConfig() *config {
	c := &config{sortBy: output.ColumnPercent}
	c.Looks.Format, c.Looks.Column = textformat.Format, 40
	c.Colors = c.palette
	return c
}

func (c *config) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// parseCommandLine parses the command line after the program's name. It returns
// the config even with an error, for its warnings.
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

// check rejects conflicting options, and settles values that depend on several
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
		if c.Follow {
			c.warn("deprecated option -F ignored")
		} else {
			c.warn("option -F is deprecated, please use -f/--follow-forks instead")
			c.Follow = true
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
	c.warnOfPaths()
	if c.shortQ > 0 && c.longQ {
		return refusef("-q and -e quiet/--quiet cannot be provided simultaneously")
	}
	if c.KillOnExit && len(c.pids) > 0 {
		return refusef("--kill-on-exit and -p/--attach are mutually exclusive options")
	}
	if c.destination.Separate && c.destination.Piped() {
		return usagef("piping the output and -ff/--output-separately are mutually exclusive")
	}
	c.settleDefaults()
	c.Output = &c.destination
	return nil
}

// settleCounted translates the short options that are counted (-f -f, -ttt)
// into their long forms.
func (c *config) settleCounted() error {
	exclusive := func(short, long string) error {
		return refusef("%s and %s cannot be provided simultaneously", short, long)
	}
	if c.shortT > 0 {
		if c.longT {
			return exclusive("-t", "--absolute-timestamps")
		}
		c.Looks.Clock, c.Looks.ClockDigits = output.ClockTime, output.Seconds
		if c.shortT > 1 {
			c.Looks.ClockDigits = output.Microseconds
		}
		if c.shortT > 2 {
			c.Looks.Clock = output.ClockEpoch
		}
	}
	if c.shortX > 0 {
		if c.longX {
			return exclusive("-x", "--strings-in-hex")
		}
		c.Looks.Strings = output.HexNonASCII
		if c.shortX > 1 {
			c.Looks.Strings = output.HexAll
		}
	}
	if c.shortY > 0 {
		if c.longY {
			return exclusive("-y", "--decode-fds")
		}
		c.DecodeFDs = decode.FDPath
		if c.shortY > 1 {
			c.DecodeFDs = trace.AllFDs
		}
	}
	if c.shortF > 0 {
		if c.longF {
			return exclusive("-f", "--follow-forks")
		}
		if c.shortF > 1 && c.destination.Separate {
			return exclusive("-ff", "--output-separately")
		}
		c.Follow = true
		c.destination.Separate = c.destination.Separate || c.shortF > 1
	}
	return nil
}

// settleSeccomp decides whether the command gets the seccomp filter that
// --seccomp-bpf asks for. Only this option may enable it: the command can
// notice a filter, and cannot survive if trapline is killed.
func (c *config) settleSeccomp() {
	if !c.Seccomp {
		return
	}
	reason := ""
	switch {
	case !c.Follow:
		reason = "--seccomp-bpf cannot be used without -f/--follow-forks, disabling"
	case c.DetachOnExec:
		reason = "--seccomp-bpf is not enabled because it is not compatible with -b"
	case c.Limit > 0:
		reason = "--seccomp-bpf is not enabled because it is not compatible with --syscall-limit"
	case len(c.pids) > 0:
		c.warn("--seccomp-bpf is not enabled for processes attached with -p")
		c.Seccomp = len(c.command) > 0 // for a command launched as well
	}
	if reason == "" && c.Seccomp && trace.UnderFilter() {
		reason = "--seccomp-bpf is not enabled because a seccomp filter is in force already, which may refuse calls"
	}
	if reason != "" {
		c.warn("%s", reason)
		c.Seccomp = false
	}
}

// warnOfNoEffect warns of options that others make ineffective.
func (c *config) warnOfNoEffect() {
	if c.summary == summaryOnly {
		for _, o := range []struct {
			given bool
			name  string
		}{
			{c.Looks.IP, "-i/--instruction-pointer"},
			{c.Stacks != trace.NoStacks, "-k/--stack-trace"},
			{c.Looks.Number, "-n/--syscall-number"},
			{c.Looks.ArgNames, "-N/--arg-names"},
			{c.Looks.Relative, "-r/--relative-timestamps"},
			{c.Looks.Clock != output.ClockNone, "-t/--absolute-timestamps"},
			{c.Looks.Durations, "-T/--syscall-times"},
			{c.DecodeFDs != 0, "-y/--decode-fds"},
			{c.DecodeContexts != 0, "--secontext"},
		} {
			if o.given {
				c.warn("%s has no effect with -c/--summary-only", o.name)
			}
		}
	}
	if c.destination.Name == "" {
		if c.destination.Separate && !c.Follow {
			c.warn("--output-separately has no effect without -o/--output")
		}
		if c.destination.Append {
			c.warn("-A/--output-append-mode has no effect without -o/--output")
		}
	}
	if c.StackLimit > 0 && c.Stacks == trace.NoStacks {
		c.warn("--stack-trace-frame-limit has no effect without -k/--stack-trace")
	}
	if c.onlyStatus > 1 {
		c.warn("Only the last of -z/--successful-only/-Z/--failed-only options will take effect. " +
			"See status qualifier for more complex filters.")
	}
}

// warnOfPaths reports the paths that -P resolves to, which are traced as well.
func (c *config) warnOfPaths() {
	if c.Quiet&trace.QuietPathResolution != 0 || c.shortQ > 2 {
		return
	}
	for _, path := range c.Paths {
		if resolved := trace.ResolvePath(path); resolved != path {
			c.warn("Requested path %s resolved into %s", strconv.Quote(path), strconv.Quote(resolved))
		}
	}
}

// settleDefaults sets defaults that depend on the rest of the command line.
func (c *config) settleDefaults() {
	toFile := c.destination.Name != "" || c.destination.Separate
	switch {
	case c.shortQ > 2:
		c.Quiet = trace.QuietAll
	case c.shortQ > 1:
		c.Quiet = trace.QuietAttach | trace.QuietPersonality | trace.QuietExit
	case c.shortQ > 0:
		c.Quiet = trace.QuietAttach | trace.QuietPersonality
	case !c.longQ && c.destination.Name != "" && len(c.command) > 0:
		c.Quiet = trace.QuietAttach | trace.QuietPersonality
	}
	c.settleSummary()
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
	case c.alwaysShowPID, toFile && !c.destination.Separate && (c.Follow || c.tracees() > 1):
		c.Looks.PID = output.PIDColumn
	case toFile:
		c.Looks.PID = output.PIDNone
	default:
		c.Looks.PID = output.PIDMany
	}
}

// settleSummary makes the Session count, with -c and -C.
func (c *config) settleSummary() {
	if c.summary == noSummary {
		return
	}
	c.Summary = &trace.Summary{Columns: c.columns, Sort: c.sortBy, WallClock: c.wallClock, Overhead: c.overhead}
	if c.summary == summaryOnly {
		c.SummaryOnly = true
		c.Signals = new(trace.SignalSet)
		c.Quiet |= trace.QuietExit | trace.QuietSuperseded
	}
}

// Values of -I: when signals can interrupt trapline.
const (
	interruptibleAnywhere  = 1 + iota // at any time
	interruptibleWaiting              // not while a call is decoded
	interruptibleNever                // never by SIGINT and similar signals
	interruptibleNeverTSTP            // nor by SIGTSTP
)

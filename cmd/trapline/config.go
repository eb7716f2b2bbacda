//go:build linux && amd64

package main

import (
	"fmt"
	"strconv"
	"time"

	"trapline/decode"
	"trapline/output"
	jsonformat "trapline/output/json"
	textformat "trapline/output/text"
	"trapline/trace"
	"trapline/trace/recording"
	"trapline/trace/report"
)

// config is the parsed command line.
type config struct {
	trace.Options // for the Session

	command  []string // PROG [ARGS]; empty with -p alone
	argv0    string   // --argv0; valid if argv0Set
	argv0Set bool
	pids     []int           // -p
	targets  []*trace.Target // -p name:NAME and the like, --wait-for
	awaited  []*trace.Target // --wait-for: those of targets to wait for
	env      []string        // -E, in order: VAR=VAL or VAR
	user     string          // -u; valid if userSet
	userSet  bool

	record        string              // --record
	recordStrings int                 // --record-strings, 0 if it is not given
	from          []string            // --from
	opened        []*recording.Reader // the recordings of from; Options.From is the last one
	formatGiven   bool                // --format or --json

	window             bool       // --tui
	daemon             daemonMode // -D
	interruptible      int        // -I, 0 if not given
	interruptibleGiven bool
	bareRegisters      bool // --regs without modes
	destination        output.Destination
	kernelPath         bool             // --kernel-path
	kernel             trace.KernelPath // its options
	rotated            bool             // --rotate
	dumpOnUSR1         bool             // --dump-on
	dumpOnSet          bool
	alwaysShowPID      bool
	color              colorMode
	colors             paletteChoice // --palette

	summary   summaryMode
	wallClock bool          // -w
	sortBy    output.Column // -S
	sorted    bool
	columns   []output.Column // -U, nil for the default
	overhead  time.Duration   // -O
	summaryBy output.SummaryKey
	histogram bool

	diff    string        // --diff
	reports []report.Kind // --report
	made    *report.Set   // those reports

	where           []string      // --where
	startOn, stopOn string        // --start-on, --stop-on; empty if not given
	minDuration     time.Duration // --min-duration

	tip     *tipChoice // --tips, nil if not given
	help    bool       // -h
	version bool       // -V

	why int // --why: a process, or 0

	completion string // --completion: the name of a shell

	merge  bool     // --merge
	merged []string // its files
	list   bool     // --list-syscalls
	listed []string // its patterns

	counted

	warnings []string // printed before anything else is done
}

// counted holds the short options that are counted and the long options that they exclude.
// Those of a preset are not added to those of the command line.
type counted struct {
	shortD, shortF, shortQ, shortT, shortX, shortY int
	longF, longT, longX, longY, longQ              bool
	shortBigF                                      bool // -F, an older -f
	onlyStatus                                     int  // number of -z and -Z

	traced []string // values of -e trace=, of which the last one counts
}

// orElse takes other's counts of the options that were given neither in their short nor in
// their long form.
func (c *counted) orElse(other *counted) {
	if c.shortD == 0 {
		c.shortD = other.shortD
	}
	for _, o := range []struct {
		short, otherShort *int
		long, otherLong   *bool
	}{
		{&c.shortF, &other.shortF, &c.longF, &other.longF},
		{&c.shortQ, &other.shortQ, &c.longQ, &other.longQ},
		{&c.shortT, &other.shortT, &c.longT, &other.longT},
		{&c.shortX, &other.shortX, &c.longX, &other.longX},
		{&c.shortY, &other.shortY, &c.longY, &other.longY},
	} {
		if *o.short == 0 && !*o.long {
			*o.short, *o.long = *o.otherShort, *o.otherLong
		}
	}
	c.shortBigF = c.shortBigF || other.shortBigF
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
	n := len(c.pids) + 2*len(c.targets) // a target may match several processes
	if len(c.tracedCommand()) > 0 {
		n++
	}
	if c.From != nil && c.From.Info().Several {
		n += 2
	}
	return n
}

// attaches reports whether there are processes to attach to.
func (c *config) attaches() bool { return len(c.pids)+len(c.targets) > 0 }

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
	flags := newFlagSet(options, c)
	operands, err := parseFlags(flags, args)
	if err != nil || c.help || c.version {
		return c, err
	}
	if c.completion != "" {
		c.command = operands
		return c, nil
	}
	if c.merge {
		c.merged = append(c.merged, operands...)
		if len(c.merged) == 0 {
			return c, usagef("--merge needs the names of files")
		}
		return c, nil
	}
	if c.list {
		c.listed = append(c.listed, operands...)
		return c, nil
	}
	c.command = operands
	given := args[:len(args)-len(operands)]
	if n := len(given); n > 0 && given[n-1] == "--" {
		given = given[:n-1]
	}
	if c.diff != "" {
		return c, nil
	}
	if c.Looks.Format.Head != nil {
		c.Looks.Run = &output.Run{Version: version(), Command: operands, Options: given}
	}
	if len(c.from) > 0 {
		if err := c.openRecordings(); err != nil {
			return c, err
		}
	}
	err = c.check()
	if err != nil && len(c.command) == 0 && !c.attaches() {
		err = flags.eaten(err, func(apart) bool { return true })
	}
	if err == nil {
		err = c.settleRecord(given)
	}
	return c, err
}

// check rejects conflicting options, and settles values that depend on several
// options.
func (c *config) check() error {
	if c.why != 0 && (len(c.command) > 0 || c.attaches()) {
		return refusef("--why and PROG [ARGS] or -p are mutually exclusive")
	}
	if len(c.command) == 0 {
		if !c.attaches() && c.tip == nil && c.why == 0 && len(c.from) == 0 {
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
	if err := c.settleConditions(); err != nil {
		return err
	}
	c.settleKernelPath()
	c.settleSeccomp()
	c.settleBuffered()
	if c.shortBigF {
		if c.Follow {
			c.warn("deprecated option -F ignored")
		} else {
			c.warn("option -F is deprecated, please use -f/--follow-forks instead")
			c.Follow = true
		}
	}
	if err := c.checkSummary(); err != nil {
		return err
	}
	if c.sorted && c.summary == noSummary {
		c.warn("-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)")
	}
	if c.columns == nil {
		c.columns = output.DefaultColumns
	}
	if err := c.checkWindow(); err != nil {
		return err
	}
	if err := c.checkFormat(); err != nil {
		return err
	}
	if err := c.checkRotation(); err != nil {
		return err
	}
	if err := c.settleKeep(); err != nil {
		return err
	}
	c.warnOfNoEffect()
	c.warnOfReplaced()
	c.warnOfPaths()
	if c.shortQ > 0 && c.longQ {
		return refusef("-q and -e quiet/--quiet cannot be provided simultaneously")
	}
	if len(c.command) > 0 && len(c.awaited) > 0 {
		return refusef("--wait-for and PROG [ARGS] are mutually exclusive")
	}
	if c.KillOnExit && c.attaches() {
		return refusef("--kill-on-exit and -p/--attach are mutually exclusive options")
	}
	if c.destination.Separate && c.destination.Piped() {
		return usagef("piping the output and -ff/--output-separately are mutually exclusive")
	}
	c.settleDefaults()
	c.Output = &c.destination
	return c.settleReports()
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
	case c.FollowDepth != 0:
		reason = "--seccomp-bpf is not enabled because it is not compatible with --follow=..."
	case c.DetachOnExec:
		reason = "--seccomp-bpf is not enabled because it is not compatible with -b"
	case c.Limit > 0:
		reason = "--seccomp-bpf is not enabled because it is not compatible with --syscall-limit"
	case c.stopsByItself():
		reason = "--seccomp-bpf is not enabled because it is not compatible with --stop and --stop-on"
	case c.attaches():
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

// settleBuffered turns --buffered off where each call has to stop, as for the command of
// -D and for processes attached with -p. With -I anywhere a signal kills trapline, and the
// command, which is to live on, could not do so with a filter. settleBuffered says so with
// --buffered=always and with -d.
func (c *config) settleBuffered() {
	reason := ""
	switch {
	case c.Buffered == trace.BufferNever:
		return
	case c.daemon != notDaemon:
		reason = "-D"
	case c.attaches():
		reason = "-p"
	case c.interruptible == interruptibleAnywhere && !c.KillOnExit:
		reason = "-I anywhere"
	default:
		reason = c.Unbuffered()
	}
	if reason == "" {
		return
	}
	if c.Buffered == trace.BufferAlways || c.Debug {
		c.warn("--buffered is not enabled because of %s", reason)
	}
	c.Buffered = trace.BufferNever
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
			{c.KernelPath != nil, "--kernel-path"},
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

// warnOfReplaced reports sets of calls that a later one has replaced.
func (c *config) warnOfReplaced() {
	if c.shortQ > 0 || c.longQ {
		return
	}
	for i := 1; i < len(c.traced); i++ {
		if before, now := c.traced[i-1], c.traced[i]; before != now {
			c.warn("-e trace=%s replaces -e trace=%s", now, before)
		}
	}
}

// warnOfPaths reports the paths that -P resolves to, which are traced as well.
func (c *config) warnOfPaths() {
	if c.Quiet&trace.QuietPathResolution != 0 || c.shortQ > 2 {
		return
	}
	resolve := trace.ResolvePattern
	if c.StrictPaths {
		resolve = trace.ResolvePath
	}
	for _, path := range c.Paths {
		if !c.StrictPaths && !trace.ValidPath(path) {
			c.warn("%s is not a valid pattern: it is used as the name of a file", strconv.Quote(path))
		}
		if resolved := resolve(path); resolved != path {
			c.warn("Requested path %s resolved into %s", strconv.Quote(path), strconv.Quote(resolved))
		}
	}
}

// settleDefaults sets defaults that depend on the rest of the command line.
func (c *config) settleDefaults() {
	toFile := c.destination.Name != "" || c.destination.Separate || c.record != ""
	switch {
	case c.shortQ > 2:
		c.Quiet = trace.QuietAll
	case c.shortQ > 1:
		c.Quiet = trace.QuietAttach | trace.QuietPersonality | trace.QuietExit | trace.QuietInjection
	case c.shortQ > 0:
		c.Quiet = trace.QuietAttach | trace.QuietPersonality | trace.QuietInjection
	case !c.longQ && (c.destination.Name != "" || c.record != "") && len(c.tracedCommand()) > 0:
		c.Quiet = trace.QuietAttach | trace.QuietPersonality
	case !c.longQ && (c.Keep > 0 || c.ExplainLast):
		c.Quiet = trace.QuietAttach // nothing is written when all goes well
	}
	c.settleSummary()
	if c.bareRegisters && c.Looks.Format == jsonformat.Format {
		c.Registers |= trace.RegistersFull // programs read JSON, and do not mind
	}
	if c.interruptible == 0 && c.daemon != notDaemon {
		c.interruptible = interruptibleNeverTSTP
	}
	if c.interruptible == 0 {
		c.interruptible = interruptibleWaiting
		if c.destination.Name != "" && len(c.command) > 0 && len(c.from) == 0 {
			c.interruptible = interruptibleNever
		}
	}
	follow := c.Follow || len(c.reports) > 0 // reports follow all
	switch {
	case c.alwaysShowPID, toFile && !c.destination.Separate && (follow || c.tracees() > 1):
		c.Looks.PID = output.PIDColumn
	case toFile:
		c.Looks.PID = output.PIDNone
	default:
		c.Looks.PID = output.PIDMany
	}
}

// Values of -I: when signals can interrupt trapline.
const (
	interruptibleAnywhere  = 1 + iota // at any time
	interruptibleWaiting              // not while a call is decoded
	interruptibleNever                // never by SIGINT and similar signals
	interruptibleNeverTSTP            // nor by SIGTSTP
)

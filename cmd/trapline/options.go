//go:build linux && amd64

package main

import (
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"trapline/decode"
	"trapline/output"
	"trapline/trace"
	"trapline/trace/nearest"
	"trapline/trace/report"
)

// options are all options. manual/manual.txt describes them. The table calls no function,
// so the compiler lays it out.
var options = []option{
	// General
	{short: 'e', arg: requiredArgument, set: func(c *config, _, v string, _ bool) error { return c.qualify(v) }},

	// Startup
	{short: 'E', long: []string{"env"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) error {
		c.env = append(c.env, v)
		return nil
	}},
	{short: 'p', long: []string{"attach"}, arg: requiredArgument, set: (*config).addPIDs},
	{short: 'u', long: []string{"user"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) error {
		c.user, c.userSet = v, true
		return nil
	}},
	{long: []string{"argv0"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) error {
		c.argv0, c.argv0Set = v, true
		return nil
	}},

	// Tracing
	{short: 'b', long: []string{"detach-on"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) error {
		if v != "execve" {
			return refusef("Syscall '%s' for -b isn't supported%s", v, nearest.Question(nearest.Begun(v, []string{"execve"})))
		}
		c.DetachOnExec = true
		return nil
	}},
	{short: 'D', count: func(c *config) *int { return &c.shortD }},
	{long: []string{"daemonize", "daemonised", "daemonized"}, arg: optionalArgument, set: (*config).setDaemon},
	{short: 'f', count: func(c *config) *int { return &c.shortF }},
	{long: []string{"follow-forks"}, set: func(c *config, _, _ string, _ bool) error {
		c.Follow, c.longF = true, true
		return nil
	}},
	{own: true, long: []string{"follow"}, arg: optionalArgument, set: (*config).setFollow},
	{own: true, long: []string{"wait-for"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		if err := c.addTarget("name:" + v); err != nil {
			return invalidArgument(spelled, v)
		}
		c.awaited = append(c.awaited, c.targets[len(c.targets)-1])
		return nil
	}},
	{long: []string{"output-separately"}, flag: func(c *config) *bool { return &c.destination.Separate }},
	{short: 'I', long: []string{"interruptible"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		names := []string{"anywhere", "waiting", "never", "never_tstp"}
		n, ok := trace.ParseNumber(v, math.MaxInt32)
		if !ok {
			if v == "always" {
				v = names[0]
			}
			n = uint64(slices.Index(names, v) + 1)
			if n == 0 {
				return invalidArgument(spelled, v)
			}
		}
		if n < interruptibleAnywhere || n > interruptibleNeverTSTP {
			return invalidArgument(spelled, v)
		}
		c.interruptible, c.interruptibleGiven = int(n), true
		return nil
	}},
	{long: []string{"kill-on-exit"}, flag: func(c *config) *bool { return &c.KillOnExit }},
	{long: []string{"syscall-limit"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		n, ok := trace.ParseNumber(v, math.MaxUint64)
		if !ok || n == 0 {
			return invalidArgument(spelled, v)
		}
		c.Limit = n
		return nil
	}},

	// Filtering
	{long: []string{"trace"}, arg: requiredArgument, qualifier: "trace"},
	{long: []string{"signal", "signals"}, arg: requiredArgument, qualifier: "signal"},
	{long: []string{"status"}, arg: requiredArgument, qualifier: "status"},
	{long: []string{"trace-fds"}, arg: requiredArgument, qualifier: "trace-fds"},
	{short: 'P', long: []string{"trace-path"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) error {
		c.Paths = append(c.Paths, v)
		return nil
	}},
	{own: true, long: []string{"strict-path"}, flag: func(c *config) *bool { return &c.StrictPaths }},
	{short: 'z', long: []string{"successful-only"}, set: func(c *config, _, _ string, _ bool) error { return c.onlyStatuses(output.Successful) }},
	{short: 'Z', long: []string{"failed-only", "failing-only"}, set: func(c *config, _, _ string, _ bool) error { return c.onlyStatuses(output.Failed) }},

	{own: true, long: []string{"where"}, arg: requiredArgument, nonEmpty: true, set: func(c *config, _, v string, _ bool) error {
		c.where = append(c.where, v)
		return nil
	}},
	{own: true, long: []string{"min-duration"}, arg: requiredArgument, set: (*config).setMinDuration},
	{own: true, long: []string{"start-on"}, arg: requiredArgument, text: func(c *config) *string { return &c.startOn }, nonEmpty: true},
	{own: true, long: []string{"stop-on"}, arg: requiredArgument, text: func(c *config) *string { return &c.stopOn }, nonEmpty: true},
	{own: true, long: []string{"stop"}, arg: requiredArgument, set: (*config).setStop},

	// Output format
	{short: 'a', long: []string{"columns"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.Looks.Column, err = parseUint31(spelled, v)
		return err
	}},
	{long: []string{"color"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.color, err = choose(spelled, v, map[string]colorMode{"auto": colorAuto, "always": colorAlways, "never": colorNever})
		return err
	}},
	{own: true, long: []string{"palette"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.colors, err = choose(spelled, v, map[string]paletteChoice{"auto": paletteAuto, "dark": paletteDark, "light": paletteLight})
		return err
	}},
	{long: []string{"abbrev"}, arg: requiredArgument, qualifier: "abbrev"},
	{long: []string{"verbose"}, arg: requiredArgument, qualifier: "verbose"},
	{long: []string{"raw"}, arg: requiredArgument, qualifier: "raw"},
	{long: []string{"read"}, arg: requiredArgument, qualifier: "read"},
	{long: []string{"write"}, arg: requiredArgument, qualifier: "write"},
	{long: []string{"quiet", "silent", "silence"}, arg: optionalArgument, qualifier: "quiet", byDefault: "attach,personality"},
	{long: []string{"decode-fds"}, arg: optionalArgument, qualifier: "decode-fds", byDefault: "path"},
	{long: []string{"decode-pids"}, arg: requiredArgument, qualifier: "decode-pids"},
	{long: []string{"namespace"}, arg: optionalArgument, qualifier: "namespace", byDefault: "new"},
	{long: []string{"secontext"}, arg: optionalArgument, qualifier: "secontext", byDefault: trace.DefaultContexts},
	{long: []string{"kvm"}, arg: requiredArgument, qualifier: "kvm"},
	{short: 'i', long: []string{"instruction-pointer"}, flag: func(c *config) *bool { return &c.Looks.IP }},
	{short: 'k', set: (*config).addStacks},
	{long: []string{"stack-trace", "stack-traces"}, arg: optionalArgument, set: (*config).setStacks},
	{long: []string{"stack-trace-frame-limit"}, arg: requiredArgument, set: (*config).setStackLimit},
	{own: true, long: []string{"io-uring"}, flag: func(c *config) *bool { return &c.Rings }},
	{own: true, long: []string{"kernel-path"}, arg: optionalArgument, set: (*config).setKernelPath},
	{own: true, long: []string{"kernel-depth"}, arg: requiredArgument, set: (*config).setKernelDepth},
	{own: true, long: []string{"kernel-functions"}, arg: requiredArgument, set: (*config).setKernelFunctions},
	{own: true, long: []string{"no-demangle"}, flag: func(c *config) *bool { return &c.MangledNames }},
	{short: 'n', long: []string{"syscall-number"}, flag: func(c *config) *bool { return &c.Looks.Number }},
	{short: 'N', long: []string{"arg-names"}, flag: func(c *config) *bool { return &c.Looks.ArgNames }},
	{short: 'o', long: []string{"output"}, arg: requiredArgument, text: func(c *config) *string { return &c.destination.Name }},
	{short: 'A', long: []string{"output-append-mode"}, flag: func(c *config) *bool { return &c.destination.Append }},
	{own: true, long: []string{"keep"}, arg: requiredArgument, set: (*config).setKeep},
	{own: true, long: []string{"dump-on"}, arg: requiredArgument, set: (*config).setDumpOn},
	{own: true, long: []string{"record"}, arg: requiredArgument, text: func(c *config) *string { return &c.record }, nonEmpty: true},
	{own: true, long: []string{"record-strings"}, arg: requiredArgument, set: (*config).setRecordStrings},
	{own: true, long: []string{"from"}, arg: requiredArgument, nonEmpty: true, set: func(c *config, _, v string, _ bool) error {
		c.from = append(c.from, v)
		return nil
	}},
	{own: true, long: []string{"rotate"}, arg: requiredArgument, set: (*config).setRotation},
	{short: 'q', count: func(c *config) *int { return &c.shortQ }},
	{short: 'r', long: []string{"relative-timestamps"}, arg: optionalArgument, set: func(c *config, spelled, v string, given bool) error {
		c.Looks.Relative = true
		return parsePrecision(&c.Looks.RelDigits, spelled, v, given)
	}},
	{short: 's', long: []string{"string-limit"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.StringLimit, err = parseUint31(spelled, v)
		if err == nil && c.StringLimit >= 1<<30 {
			err = invalidArgument(spelled, v)
		}
		if c.StringLimit == 0 {
			c.StringLimit = -1 // none: 0 is the default
		}
		return err
	}},
	{short: 't', count: func(c *config) *int { return &c.shortT }},
	{long: []string{"absolute-timestamps", "timestamps"}, arg: optionalArgument, set: (*config).setTimestamps},
	{own: true, long: []string{"clock"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.Looks.Monotonic, err = choose(spelled, v, map[string]bool{"realtime": false, "monotonic": true})
		return err
	}},
	{short: 'T', long: []string{"syscall-times"}, arg: optionalArgument, set: func(c *config, spelled, v string, given bool) error {
		c.Looks.Durations = true
		return parsePrecision(&c.Looks.DurDigits, spelled, v, given)
	}},
	{short: 'v', long: []string{"no-abbrev"}, set: func(c *config, _, _ string, _ bool) error {
		c.Abbrev = new(trace.CallSet)
		return nil
	}},
	{short: 'x', count: func(c *config) *int { return &c.shortX }},
	{long: []string{"strings-in-hex"}, arg: optionalArgument, set: func(c *config, spelled, v string, given bool) (err error) {
		styles := map[string]output.StringStyle{
			"none": output.OctalEscapes, "non-ascii-chars": output.HexEscapes, "non-ascii": output.HexNonASCII, "all": output.HexAll,
			"utf8": output.UTF8,
		}
		if !given {
			v = "all"
		}
		c.longX = true
		c.Looks.Strings, err = choose(spelled, v, styles)
		return err
	}},
	{short: 'X', long: []string{"const-print-style"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.Looks.Names, err = choose(spelled, v, map[string]output.NameStyle{"raw": output.Raw, "abbrev": output.Abbrev, "verbose": output.Verbose})
		return err
	}},
	{short: 'y', count: func(c *config) *int { return &c.shortY }},
	{short: 'Y', set: func(c *config, _, _ string, _ bool) error {
		c.DecodePIDs = decode.PIDComm
		return nil
	}},
	{long: []string{"pidns-translation"}, set: func(c *config, _, _ string, _ bool) error {
		c.DecodePIDs = decode.PIDNamespace
		return nil
	}},
	{long: []string{"always-show-pid"}, flag: func(c *config) *bool { return &c.alwaysShowPID }},
	{own: true, long: []string{"regs"}, arg: optionalArgument, set: (*config).setRegisters},
	{own: true, long: []string{"regs-set"}, arg: requiredArgument, set: (*config).setRegisterSets},
	{own: true, long: []string{"multiplexer"}, flag: func(c *config) *bool { return &c.Looks.Multiplexer }},
	{own: true, long: []string{"entry-points"}, flag: func(c *config) *bool { return &c.Looks.EntryPoints }},
	{own: true, long: []string{"explain"}, arg: optionalArgument, set: func(c *config, spelled, v string, given bool) error {
		if given && v != "last" {
			return invalidArgument(spelled, v)
		}
		c.Explain, c.ExplainLast = !given, given
		return nil
	}},
	{own: true, long: []string{"format"}, arg: requiredArgument, set: (*config).setFormat},
	{own: true, long: []string{"json"}, set: (*config).setJSON},
	{own: true, long: []string{"tui"}, flag: func(c *config) *bool { return &c.window }},
	{own: true, long: []string{"whole"}, flag: func(c *config) *bool { return &c.Looks.Whole }},
	{own: true, long: []string{"in-progress"}, flag: func(c *config) *bool { return &c.Looks.Entries }},

	// Tampering
	{long: []string{"inject"}, arg: requiredArgument, qualifier: "inject"},
	{long: []string{"fault"}, arg: requiredArgument, qualifier: "fault"},

	// Reports
	{own: true, long: []string{"report"}, arg: requiredArgument, set: (*config).addReports},
	{own: true, long: []string{"diff"}, arg: requiredArgument, text: func(c *config) *string { return &c.diff }, nonEmpty: true},
	{own: true, long: []string{"tree"}, set: func(c *config, spelled, _ string, _ bool) error {
		return c.addReports(spelled, string(report.Tree), true)
	}},

	// Statistics
	{short: 'c', long: []string{"summary-only"}, set: func(c *config, _, _ string, _ bool) error { return c.setSummary(summaryOnly) }},
	{short: 'C', long: []string{"summary"}, set: func(c *config, _, _ string, _ bool) error { return c.setSummary(summaryToo) }},
	{short: 'O', long: []string{"summary-syscall-overhead"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		d, ok := trace.ParseDuration(v)
		if !ok {
			return invalidArgument(spelled, v)
		}
		c.overhead = d
		return nil
	}},
	{short: 'S', long: []string{"summary-sort-by"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) (err error) {
		c.sortBy, err = output.ParseSort(v)
		c.sorted = true
		return withNearValue(err, "-S", v)
	}},
	{short: 'U', long: []string{"summary-columns"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) (err error) {
		c.columns, err = output.ParseColumns(v)
		return withNearValue(err, "-U", v)
	}},
	{own: true, long: []string{"summary-by"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) (err error) {
		c.summaryBy, err = output.ParseSummaryKey(v)
		return withNearValue(err, "--summary-by", v)
	}},
	{own: true, long: []string{"histogram"}, flag: func(c *config) *bool { return &c.histogram }},
	{own: true, long: []string{"every"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		d, ok := trace.ParseDuration(v)
		if !ok || d < time.Millisecond {
			return invalidArgument(spelled, v)
		}
		c.SummaryEvery = d
		return nil
	}},
	{short: 'w', long: []string{"summary-wall-clock"}, flag: func(c *config) *bool { return &c.wallClock }},

	// How fast
	{own: true, long: []string{"colocate"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.Colocate, err = choose(spelled, v, map[string]trace.Colocation{"auto": trace.ColocateAuto, "always": trace.ColocateAlways, "never": trace.ColocateNever})
		return err
	}},
	{own: true, long: []string{"buffered"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.Buffered, err = choose(spelled, v, map[string]trace.Buffering{"auto": trace.BufferAuto, "always": trace.BufferAlways, "never": trace.BufferNever})
		return err
	}},
	{long: []string{"seccomp-bpf"}, flag: func(c *config) *bool { return &c.Seccomp }},
	{own: true, long: []string{"no-seccomp-bpf"}, set: func(c *config, _, _ string, _ bool) error {
		c.Seccomp = false
		return nil
	}},

	// Miscellaneous
	{own: true, long: []string{"error-status"}, arg: requiredArgument, set: (*config).setErrorStatus},
	{own: true, long: []string{presetName}, arg: requiredArgument, set: func(*config, string, string, bool) error {
		return nil // applied before the other options: usePresets
	}},
	{short: 'd', long: []string{"debug"}, flag: func(c *config) *bool { return &c.Debug }},
	{own: true, long: []string{"hang"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		c.Waits = true
		if v == "quit" {
			return nil
		}
		d, ok := trace.ParseDuration(v)
		if !ok || d < time.Millisecond {
			return invalidArgument(spelled, v)
		}
		c.Hang = d
		return nil
	}},
	{own: true, long: []string{"why"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		n, ok := trace.ParseNumber(v, math.MaxInt32)
		if !ok || n == 0 {
			return invalidArgument(spelled, v)
		}
		c.why = int(n)
		return nil
	}},
	{own: true, long: []string{"merge"}, arg: optionalArgument, set: func(c *config, _, v string, given bool) error {
		c.merge = true
		if given {
			c.merged = append(c.merged, v)
		}
		return nil
	}},
	{own: true, long: []string{"list-syscalls"}, arg: optionalArgument, set: func(c *config, _, v string, given bool) error {
		c.list = true
		if given {
			c.listed = append(c.listed, v)
		}
		return nil
	}},
	{long: []string{"tips"}, arg: optionalArgument, set: (*config).setTips},
	{own: true, long: []string{"completion"}, arg: requiredArgument, set: (*config).setCompletion},
	{short: 'h', long: []string{"help"}, flag: func(c *config) *bool { return &c.help }},
	{short: 'V', long: []string{"version"}, flag: func(c *config) *bool { return &c.version }},

	{short: 'F', flag: func(c *config) *bool { return &c.shortBigF }},
}

// onlyStatuses is -z and -Z, of which the last one counts.
func (c *config) onlyStatuses(s output.StatusSet) error {
	c.Statuses, c.Errnos = &s, nil
	c.onlyStatus++
	return nil
}

// setSummary is -c and -C.
func (c *config) setSummary(m summaryMode) error {
	if c.summary != noSummary && c.summary != m {
		return usagef("-c/--summary-only and -C/--summary are mutually exclusive")
	}
	c.summary = m
	return nil
}

// choose returns the value that an option's argument names.
func choose[T any](spelled, value string, names map[string]T) (T, error) {
	v, ok := names[value]
	if !ok {
		return v, invalidArgument(spelled, value)
	}
	return v, nil
}

func parseUint31(spelled, value string) (int, error) {
	n, ok := trace.ParseNumber(value, math.MaxInt32)
	if !ok {
		return 0, invalidArgument(spelled, value)
	}
	return int(n), nil
}

// precisionNamed returns the unit of a precision, by its name.
func precisionNamed(name string) (p output.Precision, ok bool) {
	switch name {
	case "s":
		return output.Seconds, true
	case "ms":
		return output.Milliseconds, true
	case "us":
		return output.Microseconds, true
	case "ns":
		return output.Nanoseconds, true
	}
	return 0, false
}

func parsePrecision(p *output.Precision, spelled, value string, given bool) error {
	if !given {
		*p = output.Microseconds
		return nil
	}
	digits, ok := precisionNamed(value)
	if !ok {
		return invalidArgument(spelled, value)
	}
	*p = digits
	return nil
}

// setTimestamps reads [[format:]FORMAT][,[precision:]PRECISION].... Missing
// parts keep the values of an earlier option.
func (c *config) setTimestamps(spelled, value string, given bool) error {
	clocks := map[string]output.Clock{"none": output.ClockNone, "time": output.ClockTime, "unix": output.ClockEpoch}
	if !c.longT {
		c.longT = true
		c.Looks.Clock, c.Looks.ClockDigits = output.ClockTime, output.Seconds
	}
	for item := range strings.SplitSeq(value, ",") {
		format, asFormat := strings.CutPrefix(item, "format:")
		precision, asPrecision := strings.CutPrefix(item, "precision:")
		clock, isFormat := clocks[format]
		digits, isPrecision := precisionNamed(precision)
		switch {
		case item == "":
		case isFormat && !asPrecision:
			c.Looks.Clock = clock
		case isPrecision && !asFormat:
			c.Looks.ClockDigits = digits
		default:
			return invalidArgument(spelled, value)
		}
	}
	return nil
}

// setFollow reads the argument of --follow: which tasks are followed. Without one
// it is an abbreviation of --follow-forks.
func (c *config) setFollow(spelled, value string, given bool) error {
	depth, ok := trace.ParseNumber(value, math.MaxInt32)
	switch {
	case !given:
		c.FollowDepth = 0
	case value == "threads", ok && depth == 0:
		c.FollowDepth = trace.OnlyThreads
	case value == "children":
		c.FollowDepth = 1
	case ok:
		c.FollowDepth = int(depth)
	default:
		return invalidArgument(spelled, value)
	}
	c.Follow, c.longF = true, c.longF || !given
	return nil
}

// addTarget adds processes to attach to that are described otherwise than by their ids.
func (c *config) addTarget(text string) error {
	target, err := trace.ParseTarget(text)
	if err != nil {
		return refusef("%v%s", err, nearest.Question(nearKind(text)))
	}
	c.targets = append(c.targets, target)
	return nil
}

// nearKind returns a wrong description of processes with the kind that was probably meant.
func nearKind(text string) string {
	kind, value, _ := strings.Cut(text, ":")
	near := nearest.Of(kind, []string{"name", "tree", "cgroup"})
	if near == "" || near == kind || value == "" {
		return ""
	}
	return near + ":" + value
}

// addPIDs reads the argument of -p: process ids and descriptions of processes, separated
// by commas or white space. The names in descriptions may contain blanks.
func (c *config) addPIDs(_, value string, _ bool) error {
	if strings.Contains(value, ":") {
		for item := range strings.SplitSeq(value, ",") {
			add := c.addTarget
			if !strings.Contains(item, ":") {
				add = func(item string) error { return c.addPIDs("", item, true) }
			}
			if err := add(item); err != nil {
				return err
			}
		}
		return nil
	}
	for _, item := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(", \t\n", r) }) {
		pid, ok := trace.ParseNumber(item, math.MaxInt32)
		if !ok || pid == 0 {
			return refusef("Invalid process id: '%s'%s", item, nearest.Question(nearTarget(item)))
		}
		if int(pid) == os.Getpid() {
			return refusef("I'm sorry, I can't let you do that, Dave.")
		}
		if !slices.Contains(c.pids, int(pid)) {
			c.pids = append(c.pids, int(pid))
		}
	}
	return nil
}

// nearTarget suggests the argument of -p for the name of a command.
func nearTarget(item string) string {
	if len(item) < 2 || strings.Trim(item, "0123456789-+.$") == "" || strings.Contains(item, "/") {
		return ""
	}
	return "name:" + item
}

// setRegisters reads the argument of --regs.
func (c *config) setRegisters(spelled, value string, given bool) error {
	if !given {
		value = "diff"
		c.bareRegisters = true
	}
	modes, err := trace.ParseRegisterModes(value)
	if err != nil {
		return invalidArgument(spelled, value)
	}
	c.Registers |= modes
	return nil
}

// setRegisterSets reads the argument of --regs-set.
func (c *config) setRegisterSets(spelled, value string, _ bool) (err error) {
	if c.RegisterSets, err = trace.ParseRegisterSets(value); err != nil {
		return invalidArgument(spelled, value)
	}
	return nil
}

// addStacks is -k, which may be given twice.
func (c *config) addStacks(string, string, bool) error {
	if c.Stacks == trace.SourceStacks {
		return refusef("Too many -k options")
	}
	c.Stacks++
	return nil
}

// setStacks reads the argument of --stack-trace.
func (c *config) setStacks(spelled, value string, given bool) error {
	switch {
	case !given || value == "symbol":
		c.Stacks = trace.SymbolStacks
	case value == "source":
		c.Stacks = trace.SourceStacks
	default:
		return invalidArgument(spelled, value)
	}
	return nil
}

func (c *config) setStackLimit(spelled, value string, _ bool) error {
	n, ok := trace.ParseNumber(value, 1<<30-1)
	if !ok || n == 0 {
		return invalidArgument(spelled, value)
	}
	c.StackLimit = int(n)
	return nil
}

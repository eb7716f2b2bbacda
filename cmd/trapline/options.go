//go:build linux && amd64

package main

import (
	"math"
	"os"
	"slices"
	"strings"

	"trapline/decode"
	"trapline/output"
	"trapline/trace"
)

// options are all options. help.txt describes them.
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
			return refusef("Syscall '%s' for -b isn't supported", v)
		}
		c.DetachOnExec = true
		return nil
	}},
	{short: 'D', set: count(func(c *config) *int { return &c.shortD })},
	{long: []string{"daemonize", "daemonised", "daemonized"}, arg: optionalArgument, set: (*config).setDaemon},
	{short: 'f', set: count(func(c *config) *int { return &c.shortF })},
	{long: []string{"follow-forks"}, set: func(c *config, _, _ string, _ bool) error {
		c.Follow, c.longF = true, true
		return nil
	}},
	{long: []string{"output-separately"}, set: flag(func(c *config) *bool { return &c.destination.Separate })},
	{short: 'I', long: []string{"interruptible"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		names := []string{"anywhere", "waiting", "never", "never_tstp"}
		n, ok := trace.ParseNumber(v, math.MaxInt32)
		if !ok {
			if v == "always" {
				v = names[0]
			}
			n = uint64(slices.Index(names, v) + 1)
		}
		if n < interruptibleAnywhere || n > interruptibleNeverTSTP {
			return invalidArgument(spelled, v)
		}
		c.interruptible = int(n)
		return nil
	}},
	{long: []string{"kill-on-exit"}, set: flag(func(c *config) *bool { return &c.KillOnExit })},
	{long: []string{"syscall-limit"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		n, ok := trace.ParseNumber(v, math.MaxUint64)
		if !ok || n == 0 {
			return invalidArgument(spelled, v)
		}
		c.Limit = n
		return nil
	}},

	// Filtering
	{long: []string{"trace"}, arg: requiredArgument, set: byName("trace", "")},
	{long: []string{"signal", "signals"}, arg: requiredArgument, set: byName("signal", "")},
	{long: []string{"status"}, arg: requiredArgument, set: byName("status", "")},
	{long: []string{"trace-fds"}, arg: requiredArgument, set: byName("trace-fds", "")},
	{short: 'P', long: []string{"trace-path"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) error {
		c.Paths = append(c.Paths, v)
		return nil
	}},
	{short: 'z', long: []string{"successful-only"}, set: onlyStatus(output.Successful)},
	{short: 'Z', long: []string{"failed-only", "failing-only"}, set: onlyStatus(output.Failed)},

	// Output format
	{short: 'a', long: []string{"columns"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) (err error) {
		c.Looks.Column, err = parseUint31(spelled, v)
		return err
	}},
	{long: []string{"color"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		modes := map[string]colorMode{"auto": colorAuto, "always": colorAlways, "never": colorNever}
		mode, ok := modes[v]
		if !ok {
			return invalidArgument(spelled, v)
		}
		c.color = mode
		return nil
	}},
	{long: []string{"abbrev"}, arg: requiredArgument, set: byName("abbrev", "")},
	{long: []string{"verbose"}, arg: requiredArgument, set: byName("verbose", "")},
	{long: []string{"raw"}, arg: requiredArgument, set: byName("raw", "")},
	{long: []string{"read"}, arg: requiredArgument, set: byName("read", "")},
	{long: []string{"write"}, arg: requiredArgument, set: byName("write", "")},
	{long: []string{"quiet", "silent", "silence"}, arg: optionalArgument, set: byName("quiet", "attach,personality")},
	{long: []string{"decode-fds"}, arg: optionalArgument, set: byName("decode-fds", "path")},
	{long: []string{"decode-pids"}, arg: requiredArgument, set: byName("decode-pids", "")},
	{long: []string{"namespace"}, arg: optionalArgument, set: byName("namespace", "new")},
	{long: []string{"secontext"}, arg: optionalArgument, set: byName("secontext", trace.DefaultContexts)},
	{long: []string{"kvm"}, arg: requiredArgument, set: byName("kvm", "")},
	{short: 'i', long: []string{"instruction-pointer"}, set: flag(func(c *config) *bool { return &c.Looks.IP })},
	{short: 'k', set: (*config).addStacks},
	{long: []string{"stack-trace", "stack-traces"}, arg: optionalArgument, set: (*config).setStacks},
	{long: []string{"stack-trace-frame-limit"}, arg: requiredArgument, set: (*config).setStackLimit},
	{short: 'n', long: []string{"syscall-number"}, set: flag(func(c *config) *bool { return &c.Looks.Number })},
	{short: 'N', long: []string{"arg-names"}, set: flag(func(c *config) *bool { return &c.Looks.ArgNames })},
	{short: 'o', long: []string{"output"}, arg: requiredArgument, set: text(func(c *config) *string { return &c.destination.Name })},
	{short: 'A', long: []string{"output-append-mode"}, set: flag(func(c *config) *bool { return &c.destination.Append })},
	{short: 'q', set: count(func(c *config) *int { return &c.shortQ })},
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
	{short: 't', set: count(func(c *config) *int { return &c.shortT })},
	{long: []string{"absolute-timestamps", "timestamps"}, arg: optionalArgument, set: (*config).setTimestamps},
	{short: 'T', long: []string{"syscall-times"}, arg: optionalArgument, set: func(c *config, spelled, v string, given bool) error {
		c.Looks.Durations = true
		return parsePrecision(&c.Looks.DurDigits, spelled, v, given)
	}},
	{short: 'v', long: []string{"no-abbrev"}, set: func(c *config, _, _ string, _ bool) error {
		c.Abbrev = new(trace.CallSet)
		return nil
	}},
	{short: 'x', set: count(func(c *config) *int { return &c.shortX })},
	{long: []string{"strings-in-hex"}, arg: optionalArgument, set: func(c *config, spelled, v string, given bool) error {
		styles := map[string]output.StringStyle{
			"none": output.OctalEscapes, "non-ascii-chars": output.HexEscapes, "non-ascii": output.HexNonASCII, "all": output.HexAll,
		}
		style, ok := styles[v]
		if !given {
			style, ok = output.HexAll, true
		}
		if !ok {
			return invalidArgument(spelled, v)
		}
		c.Looks.Strings, c.longX = style, true
		return nil
	}},
	{short: 'X', long: []string{"const-print-style"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		styles := map[string]output.NameStyle{"raw": output.Raw, "abbrev": output.Abbrev, "verbose": output.Verbose}
		style, ok := styles[v]
		if !ok {
			return invalidArgument(spelled, v)
		}
		c.Looks.Names = style
		return nil
	}},
	{short: 'y', set: count(func(c *config) *int { return &c.shortY })},
	{short: 'Y', set: decodePIDs(decode.PIDComm)},
	{long: []string{"pidns-translation"}, set: decodePIDs(decode.PIDNamespace)},
	{long: []string{"always-show-pid"}, set: flag(func(c *config) *bool { return &c.alwaysShowPID })},
	{own: true, long: []string{"regs"}, arg: optionalArgument, set: (*config).setRegisters},
	{own: true, long: []string{"regs-set"}, arg: requiredArgument, set: (*config).setRegisterSets},
	{own: true, long: []string{"multiplexer"}, set: flag(func(c *config) *bool { return &c.Looks.Multiplexer })},
	{own: true, long: []string{"entry-points"}, set: flag(func(c *config) *bool { return &c.Looks.EntryPoints })},
	{own: true, long: []string{"format"}, arg: requiredArgument, set: (*config).setFormat},
	{own: true, long: []string{"json"}, set: (*config).setJSON},

	// Tampering
	{long: []string{"inject"}, arg: requiredArgument, set: byName("inject", "")},
	{long: []string{"fault"}, arg: requiredArgument, set: byName("fault", "")},

	// Statistics
	{short: 'c', long: []string{"summary-only"}, set: setSummary(summaryOnly)},
	{short: 'C', long: []string{"summary"}, set: setSummary(summaryToo)},
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
		return withHint(err)
	}},
	{short: 'U', long: []string{"summary-columns"}, arg: requiredArgument, set: func(c *config, _, v string, _ bool) (err error) {
		c.columns, err = output.ParseColumns(v)
		return withHint(err)
	}},
	{short: 'w', long: []string{"summary-wall-clock"}, set: flag(func(c *config) *bool { return &c.wallClock })},

	// How fast
	{own: true, long: []string{"colocate"}, arg: requiredArgument, set: func(c *config, spelled, v string, _ bool) error {
		modes := map[string]trace.Colocation{"auto": trace.ColocateAuto, "always": trace.ColocateAlways, "never": trace.ColocateNever}
		mode, ok := modes[v]
		if !ok {
			return invalidArgument(spelled, v)
		}
		c.Colocate = mode
		return nil
	}},
	{long: []string{"seccomp-bpf"}, set: flag(func(c *config) *bool { return &c.Seccomp })},
	{own: true, long: []string{"no-seccomp-bpf"}, set: func(c *config, _, _ string, _ bool) error {
		c.Seccomp = false
		return nil
	}},

	// Miscellaneous
	{short: 'd', long: []string{"debug"}, set: flag(func(c *config) *bool { return &c.Debug })},
	{own: true, long: []string{"list-syscalls"}, arg: optionalArgument, set: func(c *config, _, v string, given bool) error {
		c.list = true
		if given {
			c.listed = append(c.listed, v)
		}
		return nil
	}},
	{long: []string{"tips"}, arg: optionalArgument, set: (*config).setTips},
	{short: 'h', long: []string{"help"}, set: flag(func(c *config) *bool { return &c.help })},
	{short: 'V', long: []string{"version"}, set: flag(func(c *config) *bool { return &c.version })},

	{short: 'F', set: flag(func(c *config) *bool { return &c.shortBigF })},
}

// setFunc is what an option does, see option.set.
type setFunc = func(c *config, spelled, value string, given bool) error

func flag(field func(*config) *bool) setFunc {
	return func(c *config, _, _ string, _ bool) error {
		*field(c) = true
		return nil
	}
}

func count(field func(*config) *int) setFunc {
	return func(c *config, _, _ string, _ bool) error {
		*field(c)++
		return nil
	}
}

func text(field func(*config) *string) setFunc {
	return func(c *config, _, value string, _ bool) error {
		*field(c) = value
		return nil
	}
}

func onlyStatus(s output.StatusSet) setFunc {
	return func(c *config, _, _ string, _ bool) error {
		c.Statuses = &s
		c.onlyStatus++
		return nil
	}
}

func decodePIDs(p decode.PIDs) setFunc {
	return func(c *config, _, _ string, _ bool) error {
		c.DecodePIDs = p
		return nil
	}
}

func setSummary(m summaryMode) setFunc {
	return func(c *config, _, _ string, _ bool) error {
		if c.summary != noSummary && c.summary != m {
			return usagef("-c/--summary-only and -C/--summary are mutually exclusive")
		}
		c.summary = m
		return nil
	}
}

func invalidArgument(spelled, value string) error {
	return usagef("invalid %s argument: '%s'", spelled, value)
}

func parseUint31(spelled, value string) (int, error) {
	n, ok := trace.ParseNumber(value, math.MaxInt32)
	if !ok {
		return 0, invalidArgument(spelled, value)
	}
	return int(n), nil
}

// precisions are the units to which times can be printed.
var precisions = map[string]output.Precision{
	"s": output.Seconds, "ms": output.Milliseconds, "us": output.Microseconds, "ns": output.Nanoseconds,
}

func parsePrecision(p *output.Precision, spelled, value string, given bool) error {
	if !given {
		*p = output.Microseconds
		return nil
	}
	digits, ok := precisions[value]
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
		digits, isPrecision := precisions[precision]
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

// addPIDs reads the argument of -p: process ids between commas or white space.
func (c *config) addPIDs(_, value string, _ bool) error {
	for _, item := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(", \t\n", r) }) {
		pid, ok := trace.ParseNumber(item, math.MaxInt32)
		if !ok || pid == 0 {
			return refusef("Invalid process id: '%s'", item)
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

// setRegisters reads the argument of --regs.
func (c *config) setRegisters(spelled, value string, given bool) error {
	if !given {
		value = "diff"
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

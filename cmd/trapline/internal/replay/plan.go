//go:build linux && amd64

package main

import (
	"slices"
	"strconv"
	"strings"

	"trapline/trace"
)

// use says what an option is about.
type use uint8

const (
	shown    use = iota // how the trace is shown
	recorded            // what is traced, and how
	both                // what is shown only if it was recorded
	live                // what no recording can contain
)

// option is an option of trapline that has an argument, or that is not only about how the
// trace is shown. The other options need no entry.
type option struct {
	short byte
	long  []string
	arg   bool // there must be an argument
	use   use
}

var options = []option{
	// What is traced, and how.
	{'E', []string{"env"}, true, recorded},
	{'F', nil, false, recorded},
	{'I', []string{"interruptible"}, true, recorded},
	{'b', []string{"detach-on"}, true, recorded},
	{'d', []string{"debug"}, false, recorded},
	{'p', []string{"attach"}, true, recorded},
	{'u', []string{"user"}, true, recorded},
	{0, []string{"argv0"}, true, recorded},
	{0, []string{"colocate"}, true, recorded},
	{0, []string{"error-status"}, true, recorded},
	{0, []string{"follow"}, false, recorded},
	{0, []string{"kill-on-exit"}, false, recorded},
	{0, []string{"no-seccomp-bpf"}, false, recorded},
	{0, []string{"seccomp-bpf"}, false, recorded},
	{0, []string{"wait-for"}, true, recorded},

	{'C', []string{"summary"}, false, both},
	{'c', []string{"summary-only"}, false, both},
	{'f', []string{"follow-forks"}, false, both},
	{'k', []string{"stack-trace", "stack-traces"}, false, both},
	{0, []string{"explain"}, false, both},
	{0, []string{"io-uring"}, false, both},
	{0, []string{"kvm"}, true, both},
	{0, []string{"read"}, true, both},
	{0, []string{"regs"}, false, both},
	{0, []string{"regs-set"}, true, both},
	{0, []string{"secontext"}, false, both},
	{0, []string{"stack-trace-frame-limit"}, true, both},
	{0, []string{"write"}, true, both},

	{'D', []string{"daemonize", "daemonised", "daemonized"}, false, live},
	{'V', []string{"version"}, false, live},
	{'h', []string{"help"}, false, live},
	{0, []string{"buffered"}, true, live},
	{0, []string{"completion"}, true, live},
	{0, []string{"diff"}, true, live},
	{0, []string{"dump-on"}, true, live},
	{0, []string{"fault"}, true, live},
	{0, []string{"from"}, true, live},
	{0, []string{"hang"}, true, live},
	{0, []string{"inject"}, true, live},
	{0, []string{"kernel-depth"}, true, live},
	{0, []string{"kernel-functions"}, true, live},
	{0, []string{"kernel-path"}, false, live},
	{0, []string{"list-syscalls"}, false, live},
	{0, []string{"merge"}, false, live},
	{0, []string{"preset"}, true, live},
	{0, []string{"record"}, true, live},
	{0, []string{"record-strings"}, true, live},
	{0, []string{"tips"}, false, live},
	{0, []string{"tui"}, false, live},
	{0, []string{"why"}, true, live},

	{'O', []string{"summary-syscall-overhead"}, true, shown},
	{'P', []string{"trace-path"}, true, shown},
	{'S', []string{"summary-sort-by"}, true, shown},
	{'U', []string{"summary-columns"}, true, shown},
	{'X', []string{"const-print-style"}, true, shown},
	{'a', []string{"columns"}, true, shown},
	{'e', nil, true, shown}, // depends on its argument
	{'o', []string{"output"}, true, shown},
	{'s', []string{"string-limit"}, true, shown},
	{0, []string{"abbrev"}, true, shown},
	{0, []string{"clock"}, true, shown},
	{0, []string{"color"}, true, shown},
	{0, []string{"decode-pids"}, true, shown},
	{0, []string{"every"}, true, shown},
	{0, []string{"format"}, true, shown},
	{0, []string{"keep"}, true, shown},
	{0, []string{"min-duration"}, true, shown},
	{0, []string{"palette"}, true, shown},
	{0, []string{"raw"}, true, shown},
	{0, []string{"report"}, true, shown}, // depends on its argument
	{0, []string{"rotate"}, true, shown},
	{0, []string{"signal", "signals"}, true, shown},
	{0, []string{"start-on"}, true, shown},
	{0, []string{"status"}, true, shown},
	{0, []string{"stop"}, true, shown},    // ends
	{0, []string{"stop-on"}, true, shown}, // ends
	{0, []string{"summary-by"}, true, shown},
	{0, []string{"syscall-limit"}, true, shown}, // ends
	{0, []string{"trace"}, true, shown},
	{0, []string{"trace-fds"}, true, shown},
	{0, []string{"verbose"}, true, shown},
	{0, []string{"where"}, true, shown},
}

// mostStrings is the largest argument of --record-strings.
const mostStrings = 1 << 20

// planned is how a command line is run.
type planned struct {
	record, show []string
	strings      int      // -s
	counts       bool     // -c or -C
	traced       []string // what chooses calls
	filters      bool     // --seccomp-bpf
	ends         bool     // an option ends the trace, and not the programs
	live         string   // why it cannot be recorded: an option, or another reason
}

// plan divides a command line. Wrong lines are left to trapline.
func plan(args []string) planned {
	var p planned
	i := 0
	for ; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			i++
			break
		}
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			break
		}
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		took, ok := p.option(arg, next)
		if took {
			i++
		}
		if !ok || i == len(args) {
			return planned{live: arg}
		}
	}
	attaches := slices.ContainsFunc(p.record, func(a string) bool {
		return strings.HasPrefix(a, "-p") || strings.HasPrefix(a, "--attach") || strings.HasPrefix(a, "--wait-for")
	})
	if i == len(args) && !attaches {
		return planned{live: "no program"}
	}
	if attaches && p.ends {
		return planned{live: "an end of attaching"}
	}
	if p.filters { // other calls do not stop
		p.record = append(p.record, p.traced...)
	}
	if p.strings > trace.DefaultRecordStrings {
		p.record = append(p.record, "--record-strings="+strconv.Itoa(p.strings))
	}
	if p.counts {
		p.record = append(p.record, "-o", "/dev/null")
	}
	p.record = append(append(p.record, "--quiet=all", "--"), args[i:]...)
	return p
}

// option adds an option, or a cluster of short ones. next is the next word, which it
// may take. It reports false if the line has to be run live.
func (p *planned) option(arg, next string) (took, ok bool) {
	if long, is := strings.CutPrefix(arg, "--"); is {
		name, value, given := strings.Cut(long, "=")
		o := findLong(name)
		spelled := "--" + name
		if given {
			return false, p.add(o, spelled+"="+value)
		}
		if o.arg {
			return true, p.add(o, spelled+"="+next)
		}
		return false, p.add(o, spelled)
	}
	for cluster := arg[1:]; cluster != ""; {
		letter := cluster[0]
		cluster = cluster[1:]
		o := findShort(letter)
		spelled := "-" + string(letter)
		if o.arg {
			value := cluster
			if value == "" {
				took, value = true, next
			}
			if letter == 'e' {
				o.use = useOfExpression(value)
			}
			return took, p.add(o, spelled, value)
		}
		if !p.add(o, spelled) {
			return false, false
		}
	}
	return false, true
}

// add adds an option as it is spelled, and its argument if that is a word of its own.
// It reports false if the line has to be run live.
func (p *planned) add(o option, spelled ...string) bool {
	if value := strings.Join(spelled, " "); strings.HasPrefix(value, "--report=") && strings.Contains(value, "folded") {
		p.record = append(p.record, "-k")
	} else if value == "--explain=last" {
		return false
	}
	switch name, _, _ := strings.Cut(spelled[0], "="); name {
	case "--trace":
		p.traced = append(p.traced, spelled...)
	case "-e":
		if useOfExpression(spelled[1]) == shown && choosesCalls(spelled[1]) {
			p.traced = append(p.traced, spelled...)
		}
	case "--seccomp-bpf":
		p.filters = true
	case "--stop", "--stop-on", "--syscall-limit":
		p.ends = true
	}
	if o.short == 's' { // what is shown of long strings; trapline refuses anything but a number
		n, _ := strconv.Atoi(strings.TrimPrefix(spelled[len(spelled)-1], "--string-limit="))
		p.strings = min(n, mostStrings)
	}
	p.counts = p.counts || o.short == 'c' || o.short == 'C'
	if o.use == recorded || o.use == both {
		p.record = append(p.record, spelled...)
	}
	if o.use == shown || o.use == both {
		p.show = append(p.show, spelled...)
	}
	return o.use != live
}

func findShort(letter byte) option {
	for _, o := range options {
		if o.short == letter {
			return o
		}
	}
	return option{}
}

// findLong finds a long option by its name or by a prefix of it.
func findLong(name string) option {
	var found option
	for _, o := range options {
		for _, long := range o.long {
			if long == name {
				return o
			}
			if strings.HasPrefix(long, name) {
				found = o
			}
		}
	}
	return found
}

// useOfExpression says what -e is about.
func useOfExpression(expression string) use {
	name, _, _ := strings.Cut(expression, "=")
	switch name {
	case "inject", "fault":
		return live
	case "read", "reads", "r", "write", "writes", "w", "kvm", "secontext":
		return both
	}
	return shown
}

// choosesCalls says whether the argument of -e is a set of calls.
func choosesCalls(expression string) bool {
	name, _, qualified := strings.Cut(expression, "=")
	return !qualified || name == "trace" || name == "t"
}

//go:build linux && amd64

package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trapline/decode"
	"trapline/output"
	csvformat "trapline/output/csv"
	jsonformat "trapline/output/json"
	textformat "trapline/output/text"
	"trapline/trace"
)

// deprecated options are accepted, but not documented.
var deprecated = []string{
	"-F", "--stack-traces", "--secontext", "--signals", "--failing-only", "--silent", "--silence", "--daemonised", "--daemonized",
	"--timestamps", "--pidns-translation",
}

// The help names every option, and nothing else.
func TestHelp(t *testing.T) {
	told := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)(?:^|[ ,])(--?[A-Za-z][A-Za-z0-9-]*)`).FindAllStringSubmatch(help, -1) {
		name := m[1]
		if !strings.HasPrefix(name, "--") {
			name = name[:2] // -ff, -ttt
		}
		told[name] = true
	}
	fs := flagSet(options, newConfig())
	for name := range told {
		if strings.HasPrefix(name, "--") && fs.Lookup(name[2:]) == nil || len(name) == 2 && fs.ShorthandLookup(name[1:]) == nil {
			t.Errorf("help tells of %s, which is no option", name)
		}
	}
	for _, o := range options {
		names := []string{}
		if o.short != 0 {
			names = append(names, "-"+string(o.short))
		}
		for _, l := range o.long {
			names = append(names, "--"+l)
		}
		for _, name := range names {
			if !told[name] && !slices.Contains(deprecated, name) {
				t.Errorf("help does not tell of %s", name)
			}
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > 81 {
			t.Errorf("line of %d characters: %s", len(line)-1, line)
		}
	}
}

// Messages are strace 7.2's; hint says that they are followed by the hint at -h.
func TestInvalidCommandLines(t *testing.T) {
	const mustHave = "must have PROG [ARGS] or -p PID"
	for _, tt := range []struct {
		args string
		msg  string
		hint bool
	}{
		{"", mustHave, true},
		{"--", mustHave, true},
		{"-f -tt -y --json", mustHave, true},
		{"--format=xml true", "invalid --format argument: 'xml'", true},
		{"-C --format=csv true", "-C/--summary and --format=csv are mutually exclusive", true},
		{"--nonsense", "unrecognized option '--nonsense'", true},
		{"-j", "invalid option -- 'j'", true},
		{"-fj ls", "invalid option -- 'j'", true},
		{"--follow-forks=1 ls", "option '--follow-forks' doesn't allow an argument", true},
		{"--output", "option '--output' requires an argument", true},
		{"-o", "option requires an argument -- 'o'", true},
		{"-fo", "option requires an argument -- 'o'", true},
		{"--summary-s=1", "option '--summary-s' is ambiguous; possibilities: '--summary-syscall-overhead' '--summary-sort-by'", true},
		{"-I=never", "invalid -I argument: '=never'", true},
		{"-I 5", "invalid -I argument: '5'", true},
		{"--interruptible=nev", "invalid --interruptible argument: 'nev'", true},
		{"-a -42", "invalid -a argument: '-42'", true},
		{"--columns x", "invalid --columns argument: 'x'", true},
		{"-s 1073741824", "invalid -s argument: '1073741824'", true},
		{"-p 0", "Invalid process id: '0'", false},
		{"-p 1,a", "Invalid process id: 'a'", false},
		{"-b chdir", "Syscall 'chdir' for -b isn't supported", false},
		{"--argv0=x -p 1", "PROG [ARGS] must be specified with --argv0", true},
		{"-c -C true", "-c/--summary-only and -C/--summary are mutually exclusive", true},
		{"-c -ff true", "(-c/--summary-only or -C/--summary) and -ff/--output-separately are mutually exclusive", true},
		{"-w true", "-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)", true},
		{"-U calls true", "-U/--summary-columns must be given with (-c/--summary-only or -C/--summary)", true},
		{"-c -U time,,name true", "unknown column name: ''", true},
		{"-c -U time,time_percent,total-time true", "call summary column has been provided more than once: 'time_percent' (-U option residual: 'time_percent,total-time')", true},
		{"-S non", "invalid sortby: 'non'", true},
		{"-t --timestamps true", "-t and --absolute-timestamps cannot be provided simultaneously", false},
		{"--timestamps=s,non", "invalid --timestamps argument: 's,non'", true},
		{"-D -p 1", "PROG [ARGS] must be specified with -D/--daemonize", true},
		{"-DDDD true", "Too many -D's (4), maximum supported -D count is 3", true},
		{"-D --daemonize true", "-D and --daemonize cannot be provided simultaneously", false},
		{"--daemonize=pgr true", "invalid --daemonize argument: 'pgr'", true},
		{"-x --strings-in-hex true", "-x and --strings-in-hex cannot be provided simultaneously", false},
		{"-y --decode-fds true", "-y and --decode-fds cannot be provided simultaneously", false},
		{"-q -e q=none true", "-q and -e quiet/--quiet cannot be provided simultaneously", false},
		{"-f --follow-forks true", "-f and --follow-forks cannot be provided simultaneously", false},
		{"-ff --output-separately true", "-ff and --output-separately cannot be provided simultaneously", false},
		{"-o |cat -ff true", "piping the output and -ff/--output-separately are mutually exclusive", true},
		{"--kill-on-exit -p 1", "--kill-on-exit and -p/--attach are mutually exclusive options", false},
		{"-X ab", "invalid -X argument: 'ab'", true},
		{"--kvm=cpu", "invalid -e kvm= argument: 'cpu'", false},
		{"-e kvm=vcpu++", "invalid -e kvm= argument: 'vcpu++'", false},
		{"--color=foo", "invalid --color argument: 'foo'", true},
		{"--syscall-limit=0", "invalid --syscall-limit argument: '0'", true},
		{"-O -1", "invalid -O argument: '-1'", true},
		{"-O inf", "invalid -O argument: 'inf'", true},
		{"-kkk", "Too many -k options", false},
		{"--stack-trace=foo", "invalid --stack-trace argument: 'foo'", true},
		{"--stack-trace-frame-limit 1073741824", "invalid --stack-trace-frame-limit argument: '1073741824'", true},
		{"--stack-trace-frame-limit=0", "invalid --stack-trace-frame-limit argument: '0'", true},
	} {
		_, err := parseCommandLine(strings.Fields(tt.args))
		if err == nil {
			t.Errorf("%q is taken", tt.args)
			continue
		}
		var user *userError
		hint := errors.As(err, &user) && user.hint
		if err.Error() != tt.msg || hint != tt.hint {
			t.Errorf("%q: %q, hint %v; want %q, hint %v", tt.args, err, hint, tt.msg, tt.hint)
		}
	}
}

func parse(t *testing.T, args ...string) *config {
	t.Helper()
	c, err := parseCommandLine(args)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return c
}

// Options after the command belong to the command.
func TestOptionsEndAtTheCommand(t *testing.T) {
	for _, args := range [][]string{
		{"-f", "ls", "-l", "--json", "-o"},
		{"-f", "--", "ls", "-l", "--json", "-o"},
	} {
		c := parse(t, args...)
		if want := []string{"ls", "-l", "--json", "-o"}; !slices.Equal(c.command, want) || c.Looks.Format != textformat.Format {
			t.Errorf("%q: command %q", args, c.command)
		}
	}
	if c := parse(t, "--", "--"); !slices.Equal(c.command, []string{"--"}) {
		t.Errorf("command %q", c.command)
	}
}

func TestSpellings(t *testing.T) {
	if c := parse(t, "-fttTofile", "-s0", "-a", "30", "true"); !c.Follow || c.Looks.Clock != output.ClockTime ||
		c.Looks.ClockDigits != output.Microseconds || !c.Looks.Durations || c.destination.Name != "file" ||
		c.StringLimit >= 0 || c.Looks.Column != 30 {
		t.Errorf("cluster: %+v", c)
	}
	if c := parse(t, "-o", "f", "-f", "-f", "true"); !c.Follow || !c.destination.Separate {
		t.Error("-f -f is not -ff")
	}
	if c := parse(t, "--follow", "--timest=unix,ns", "--trace-fd=1", "true"); !c.Follow || c.Looks.Clock != output.ClockEpoch ||
		c.Looks.ClockDigits != output.Nanoseconds || c.Descriptors == nil {
		t.Error("beginnings of names are not understood")
	}
	if c := parse(t, "--relative-timestamps", "--syscall-times=ns", "true"); c.Looks.RelDigits != output.Microseconds ||
		c.Looks.DurDigits != output.Nanoseconds {
		t.Error("precisions")
	}
	if c := parse(t, "-p", "1,2 3\n4", "-p1"); !slices.Equal(c.pids, []int{1, 2, 3, 4}) {
		t.Errorf("pids %v", c.pids)
	}
	if c := parse(t, "-yy", "-Y", "-v", "-xx", "true"); c.DecodeFDs != trace.AllFDs || c.DecodePIDs != decode.PIDComm ||
		c.Abbrev == nil || *c.Abbrev != (trace.CallSet{}) || c.Looks.Strings != output.HexAll {
		t.Error("-yy -Y -v -xx")
	}
	if c := parse(t, "-o", "f", "true"); c.Quiet != trace.QuietAttach|trace.QuietPersonality || c.interruptible != interruptibleNever {
		t.Error("-o FILE PROG is not quiet and uninterruptible")
	}
	if c := parse(t, "-o", "f", "-p", "1"); c.Quiet != 0 || c.interruptible != interruptibleWaiting {
		t.Error("-o FILE -p PID is quiet or uninterruptible")
	}
	if c := parse(t, "-kk", "--stack-trace-frame-limit=3", "true"); c.Stacks != trace.SourceStacks || c.StackLimit != 3 {
		t.Errorf("-kk: %d, limit %d", c.Stacks, c.StackLimit)
	}
	for format, want := range map[string]*output.Format{
		"--json": jsonformat.Format, "--format=json": jsonformat.Format, "--format=csv": csvformat.Format, "--format=text": textformat.Format,
	} {
		if c := parse(t, format, "true"); c.Looks.Format != want {
			t.Errorf("%s is %s", format, c.Looks.Format.Name)
		}
	}
	for _, args := range [][]string{
		{"-k", "-c", "true"}, {"--stack-trace-frame-limit=3", "true"}, {"--format=csv", "-k", "true"}, {"--format=csv", "--read=3", "true"},
	} {
		if c := parse(t, args...); len(c.warnings) != 1 {
			t.Errorf("%q: %q", args, c.warnings)
		}
	}
	if c := parse(t, "-Z", "-z", "true"); *c.Statuses != output.Successful || len(c.warnings) != 1 {
		t.Errorf("-Z -z: %b, %q", *c.Statuses, c.warnings)
	}
}

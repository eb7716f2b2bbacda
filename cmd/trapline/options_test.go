//go:build linux && amd64

package main

import (
	"errors"
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

// The manual, from which the help, the man page and completion are made, has every
// option once, with its argument, and nothing else.
func TestManualHasAllOptions(t *testing.T) {
	type kind struct {
		argument argument
		own      bool
	}
	want, got := map[string]kind{}, map[string]kind{}
	for _, o := range options {
		if o.short != 0 {
			arg := noArgument
			if o.arg == requiredArgument {
				arg = requiredArgument
			}
			want["-"+string(o.short)] = kind{arg, o.own}
		}
		for _, l := range o.long {
			want["--"+l] = kind{o.arg, o.own}
		}
	}
	for _, o := range parseCompletion(completionText) {
		for _, n := range o.names {
			if _, twice := got[n.name]; twice {
				t.Errorf("manual.txt has %s twice", n.name)
			}
			got[n.name] = kind{n.argument, o.own}
		}
	}
	const fix = "write it as an @option of cmd/trapline/manual/manual.txt (README.md there says how), and run go generate ./cmd/trapline"
	for name, k := range want {
		switch g, ok := got[name]; {
		case !ok:
			t.Errorf("manual.txt lacks %s: %s", name, fix)
		case g.argument != k.argument:
			t.Errorf("manual.txt has another kind of argument for %s than options.go: %s", name, fix)
		case g.own != k.own:
			t.Errorf("manual.txt and options.go do not agree whether strace has %s (@own): %s", name, fix)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("manual.txt has %s, which is not an option", name)
		}
	}
}

// Each value that the manual names for an option is accepted by it.
func TestValuesInManual(t *testing.T) {
	for _, o := range parseCompletion(completionText) {
		for _, v := range o.values {
			if strings.HasPrefix(v.word, "<") || strings.HasSuffix(v.word, ":") {
				continue
			}
			for _, n := range o.names {
				args := []string{n.name + "=" + v.word, "true"}
				if n.argument == noArgument {
					continue
				}
				if !strings.HasPrefix(n.name, "--") {
					args = []string{n.name, v.word, "true"}
				}
				if n.name == "-S" || n.name == "-U" || strings.HasPrefix(n.name, "--summary-") {
					args = append([]string{"-c"}, args...)
				}
				switch n.name {
				case "--dump-on":
					args = append([]string{"--keep=3"}, args...)
				case "--report":
					args = append([]string{"-k"}, args...)
				}
				if _, err := parseCommandLine(args); err != nil {
					t.Errorf("%q: %v", args, err)
				}
			}
		}
	}
}

// The messages are those of strace 7.2, apart from suggestions; hint says that the hint at
// -h follows them.
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
		{"--format=xml true", "invalid --format argument: 'xml': it takes text, json, csv, tsv or perfetto", true},
		{"-C --format=csv true", "-C/--summary and --format=csv are mutually exclusive", true},
		{"-C --format=perfetto true", "-C/--summary and --format=perfetto are mutually exclusive", true},
		{"-c --format=perfetto true", "-c/--summary-only and --format=perfetto are mutually exclusive", true},
		{"-A -o log --format=perfetto true", "-A/--output-append-mode and --format=perfetto are mutually exclusive", true},
		{"--nonsense", "unrecognized option '--nonsense'", true},
		{"--jsn true", "unrecognized option '--jsn': did you mean --json?", true},
		{"--relative-timestmps true", "unrecognized option '--relative-timestmps': did you mean --relative-timestamps?", true},
		{"-json true", "invalid option -- 'j': did you mean --json?", true},
		{"--format=jsno true", "invalid --format argument: 'jsno': did you mean json?", true},
		{"--color=alwyas true", "invalid --color argument: 'alwyas': did you mean always?", true},
		{"-X vrbose true", "invalid -X argument: 'vrbose': did you mean verbose?", true},
		{"-I nevr true", "invalid -I argument: 'nevr': did you mean never?", true},
		{"-p tre:12", "Invalid process id: 'tre:12': did you mean tree:12?", false},
		{"-p tree:x", "Invalid process id: 'tree:x'", false},
		{"-p redis-server", "Invalid process id: 'redis-server': did you mean name:redis-server?", false},
		{"--fault ls -l", "invalid option -- 'l': 'ls' is taken for the argument of --fault, which is written --fault=SET", true},
		{"--fault ls", "invalid system call 'ls': 'ls' is taken for the argument of --fault, which is written --fault=SET", true},
		{"--fault sync", "must have PROG [ARGS] or -p PID: 'sync' is taken for the argument of --fault, which is written --fault=SET", true},
		{"--inject cat true", "invalid system call 'cat': 'cat' is taken for the argument of --inject, which is written --inject=SET", true},
		{"--fault=ls true", "invalid system call 'ls'", false},
		{"--error-status=evn true", "invalid --error-status argument: 'evn': did you mean env?", true},
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
		{"-b exec", "Syscall 'exec' for -b isn't supported: did you mean execve?", false},
		{"-e signal=SIGKIL true", "invalid signal 'SIGKIL': did you mean SIGKILL?", false},
		{"--status=fail true", "invalid status 'fail': did you mean failed?", false},
		{"--report=fils true", "--report: there is no report \"fils\": did you mean files?", false},
		{"--report=files,tre true", "--report: there is no report \"tre\": did you mean tree?", false},
		{"-c -S cals true", "invalid sortby: 'cals': did you mean calls?", true},
		{"-c -S syscall_names true", "invalid sortby: 'syscall_names'", true},
		{"-c -U name,cals true", "unknown column name: 'cals': did you mean calls?", true},
		{"-c --summary-by=paht true", "invalid --summary-by argument: 'paht' (pid, comm, path, fd, errno or name): did you mean path?", true},
		{"-c --summary-by=user true", "invalid --summary-by argument: 'user' (pid, comm, path, fd, errno or name)", true},
		{"--follow=child true", "invalid --follow argument: 'child': did you mean children?", true},
		{"--follow=all true", "invalid --follow argument: 'all': it takes threads, children or a number of generations", true},
		{"--dump-on=crash true", "invalid --dump-on argument: 'crash': it takes exit!=0, signal or USR1", true},
		{"--dump-on=exit true", "invalid --dump-on argument: 'exit': did you mean exit!=0?", true},
		{"--rotate=10Q -o x true", "invalid --rotate argument: '10Q': it takes size:... or files:...", true},
		{"--every=1x true", "invalid --every argument: '1x': it takes a time, a number with s, ms, us or ns", true},
		{"--hang=soon true", "invalid --hang argument: 'soon': it takes a time, a number with s, ms, us or ns", true},
		{"--min-duration=10 true", "invalid --min-duration argument: '10': it takes a time, a number with s, ms, us or ns", true},
		{"--keep=x true", "invalid --keep argument: 'x': it takes a number from 1 on", true},
		{"--why=x", "invalid --why argument: 'x': it takes the id of a process", true},
		{"--palette=drk true", "invalid --palette argument: 'drk': did you mean dark?", true},
		{"--palette=blue true", "invalid --palette argument: 'blue': it takes auto, dark or light", true},
		{"--clock=utc true", "invalid --clock argument: 'utc': it takes realtime or monotonic", true},
		{"--completion=ksh", "invalid --completion argument: 'ksh': did you mean zsh?", true},
		{"--explain=lst true", "invalid --explain argument: 'lst': did you mean last?", true},
		{"--timestamps=ss true", "invalid --timestamps argument: 'ss'", true},
		{"--where=pth=='\"x\"' true", "--where: condition 'pth=='\"x\"'', column 1: no call that is traced has an operand 'pth': did you mean 'path'?", false},
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
		{"--where= true", "invalid --where argument: ''", true},
		{"--start-on= true", "invalid --start-on argument: ''", true},
		{"--stop-on= true", "invalid --stop-on argument: ''", true},
		{"--stack-trace-frame-limit=0", "invalid --stack-trace-frame-limit argument: '0'", true},
	} {
		_, err := parseCommandLine(strings.Fields(tt.args))
		if err == nil {
			t.Errorf("%q is accepted", tt.args)
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
		"--json": jsonformat.Format, "--format=json": jsonformat.Format, "--format=csv": csvformat.Format, "--format=tsv": csvformat.Tabs, "--format=text": textformat.Format,
	} {
		if c := parse(t, format, "true"); c.Looks.Format != want {
			t.Errorf("%s is %s", format, c.Looks.Format.Name)
		}
	}
	for _, args := range [][]string{
		{"-k", "-c", "true"}, {"--stack-trace-frame-limit=3", "true"}, {"--format=csv", "-k", "true"}, {"--format=csv", "--read=3", "true"},
		{"--format=csv", "--regs", "true"}, {"--format=csv", "--write=3", "true"}, {"--format=csv", "--kvm=vcpu", "true"},
		{"--in-progress", "true"}, {"--in-progress", "--format=csv", "true"},
	} {
		if c := parse(t, args...); len(c.warnings) != 1 {
			t.Errorf("%q: %q", args, c.warnings)
		}
	}
	if c := parse(t, "-Z", "-z", "true"); *c.Statuses != output.Successful || len(c.warnings) != 1 {
		t.Errorf("-Z -z: %b, %q", *c.Statuses, c.warnings)
	}
}

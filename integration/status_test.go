package integration

import (
	"os"
	"strings"
	"testing"

	"trapline/integration/need"
)

// Failures of trapline's own have the status of strace, or that of env(1) if asked;
// the command's status is the command's.
func TestErrorStatus(t *testing.T) {
	need.All(t, need.Live) // the output cannot be opened
	for _, c := range []struct {
		args        []string
		strace, env int
	}{
		{[]string{"/nonexistent/command"}, 1, 127},
		{[]string{"no-such-command-anywhere"}, 1, 127},
		{[]string{"/etc/passwd/x"}, 1, 127},
		{[]string{"/etc/passwd"}, 1, 126},
		{[]string{"/"}, 1, 126},
		{[]string{"-e", "trace=nonsense", "true"}, 1, 125},
		{[]string{"-o", "/nonexistent/log", "true"}, 1, 125},
		{[]string{"-p", "2147483647"}, 1, 125},
		{[]string{"--nonsense", "true"}, 1, 125},
		{[]string{"-o", "/dev/null", "sh", "-c", "exit 3"}, 3, 3},
		{[]string{"-o", "/dev/null", "true"}, 0, 0},
	} {
		_, _, byDefault := run(t, c.args...)
		_, _, asked := run(t, append([]string{"--error-status=env"}, c.args...)...)
		if byDefault.ExitCode() != c.strace || asked.ExitCode() != c.env {
			t.Errorf("%q: status %d, with --error-status=env %d; want %d, %d",
				c.args, byDefault.ExitCode(), asked.ExitCode(), c.strace, c.env)
		}
	}
}

// Without arguments, and asked for help, trapline shows how it is used. A script
// that reads standard error gets what strace says.
func TestShortUsage(t *testing.T) {
	need.All(t, need.Live) // the recorder has options
	stdout, stderr, state := run(t)
	if state.ExitCode() != 1 || strings.Count(stderr, "\n") != 2 || !strings.Contains(stderr, "must have PROG [ARGS] or -p PID\nTry '") {
		t.Errorf("status %d, %q", state.ExitCode(), stderr)
	}
	help, stderr, state := run(t, "help")
	if state.ExitCode() != 0 || stderr != "" {
		t.Errorf("help: status %d, %q", state.ExitCode(), stderr)
	}
	for _, text := range []string{stdout, help} {
		if lines := strings.Count(text, "\n"); !strings.HasPrefix(text, "Usage: ") || strings.Count(text, "\n  trapline ") != 3 || lines > 15 {
			t.Errorf("usage of %d lines:\n%s", lines, text)
		}
	}
	// If there is a command of that name, it is run as usual.
	bin := t.TempDir()
	if err := os.WriteFile(bin+"/help", []byte("#!/bin/sh\necho helped\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	if stdout, _, _ := run(t, "help"); stdout != "helped\n" {
		t.Errorf("the command help: %q", stdout)
	}
}

// One line names what is wrong and what is meant.
func TestMessagesNameTheNearest(t *testing.T) {
	need.All(t, need.Live) // options are those of the recorder
	for args, want := range map[string]string{
		"-e trace=opennat true":            "invalid system call 'opennat': did you mean openat?",
		"--jsn true":                       "unrecognized option '--jsn': did you mean --json?",
		"-e %fil true":                     "invalid system call '%fil': did you mean %file?",
		"-e trce=open true":                "invalid system call 'trce=open': did you mean trace=open?",
		"-p redis-server":                  "Invalid process id: 'redis-server': did you mean name:redis-server?",
		"--inject=read:error=EPREM true":   "invalid inject argument 'read:error=EPREM': 'error=EPREM' has a wrong value: did you mean EPERM?",
		"--inject=read:whne=3 true":        "invalid inject argument 'read:whne=3': nothing is called 'whne': did you mean when?",
		"--list-syscalls=opennat":          "no system call matches 'opennat': did you mean openat?",
		"--list-syscalls=%fil":             `invalid class of system calls "%fil": did you mean %file?`,
		"trace=open true":                  "Cannot find executable 'trace=open': did you mean -e trace=open?",
		"4711":                             "Cannot find executable '4711': did you mean -p 4711?",
		"--regs full true":                 "Cannot find executable 'full': did you mean --regs=full?",
		"--regs fool true":                 "Cannot find executable 'fool'",
		"no=such":                          "Cannot find executable 'no=such'",
		"--inject=openat:pathnam=x true":   "invalid inject argument 'openat:pathnam=x': nothing is called 'pathnam': did you mean pathname?",
		"--fault sleep 1":                  "invalid system call 'sleep': 'sleep' is taken for the argument of --fault, which is written --fault=SET",
		"--inject=read:error=1:when=x cat": "invalid inject argument 'read:error=1:when=x': 'when=x' has a wrong value: it takes FIRST[..LAST][+[STEP]], counted from 1 to 65535",
	} {
		_, stderr, state := run(t, strings.Fields(args)...)
		line, _, _ := strings.Cut(stderr, "\n")
		if _, message, _ := strings.Cut(line, ": "); message != want || state.ExitCode() != 1 {
			t.Errorf("%s: status %d, %s, want %s", args, state.ExitCode(), message, want)
		}
	}
}

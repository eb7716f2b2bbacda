//go:build linux && amd64

package report

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// hostile are arguments with a special meaning to shells, terminals or env.
var hostile = []string{
	"", " ", "a b", "a\tb", "-n", "--", "-", "=", "a=b", "'", "''", "it's", `"`, "$HOME", "${HOME}", "$(id)", "`id`", "\\", "\\n", "a\\",
	";", "&&", "|", ">x", "<x", "#", "a#b", "*", "?", "[a]", "{a,b}", "~", "~root", "!", "!!", "a!b\x1b", "%s\x01", "%", "\n", "a\nb", "a\n", "\n\n",
	"'\n", "\x1b[31mred\x1b[0m", "\x07", "\x7f", "\r", "-\x1b", "ü", "\u202eevil", "\u009b31m", "\xff\xfe", "\x80'\x80", "a\x1b'; echo pwned; '",
	"x\n'; echo pwned; '\n", "if", "time", "done", "env", "-i", "-u",
}

// shells are the shells to test with that are installed.
func shells(t *testing.T) (found []string) {
	for _, name := range []string{"sh", "dash", "bash", "busybox"} {
		if _, err := exec.LookPath(name); err == nil {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		t.Fatal("there is no shell")
	}
	return found
}

// inShell runs a command line.
func inShell(t *testing.T, shell, line string) string {
	t.Helper()
	args := []string{"-c", line}
	if shell == "busybox" {
		args = append([]string{"sh"}, args...)
	}
	out, err := exec.Command(shell, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", shell, err, line)
	}
	return string(out)
}

// knowsDollarQuotes reports whether a shell has $'...', which POSIX has had since 2024.
func knowsDollarQuotes(t *testing.T, shell string) bool {
	return inShell(t, shell, `printf %s $'\101'`) == "A"
}

func TestShellWord(t *testing.T) {
	for _, shell := range shells(t) {
		dollar := knowsDollarQuotes(t, shell)
		for _, want := range hostile {
			word := shellWord(want)
			for _, r := range word {
				if !unicode.IsPrint(r) {
					t.Errorf("%q has %q", word, r)
				}
			}
			got := inShell(t, shell, "printf '%s\\0' "+word+" end")
			if strings.HasPrefix(word, "$'") && !dollar {
				// It must still be one word.
				if strings.Count(got, "\x00") != 2 || !strings.HasSuffix(got, "\x00end\x00") {
					t.Errorf("%s: %q is quoted as %s, which is %q", shell, want, word, got)
				}
				continue
			}
			if got != want+"\x00end\x00" {
				t.Errorf("%s: %q is quoted as %s, which is %q", shell, want, word, got)
			}
		}
	}
}

// A command line gives the program the arguments, environment and directory it had.
func TestShellCommand(t *testing.T) {
	printer, err := exec.LookPath("printf")
	if err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells(t) {
		dollar := knowsDollarQuotes(t, shell)
		args := slices.DeleteFunc(slices.Clone(hostile), func(s string) bool { return strings.HasSuffix(s, "\n") && !dollar })
		e := &execution{exe: printer, args: append([]string{printer, `%s\0`}, args...)}
		if got := inShell(t, shell, shellCommand(e, "", nil)); got != strings.Join(args, "\x00")+"\x00" {
			t.Errorf("%s: got %q", shell, got)
		}
	}
	before := []string{"KEPT=1", "GONE=1", "-x=old", "CHANGED=1", "_=/bin/x"}
	after := []string{"KEPT=1", "CHANGED=two words", "-x=$(id)", "NEW='", "=odd", "none", "_=/bin/y"}
	e := &execution{exe: "/usr/bin/env", dir: "/usr", args: []string{"env"}, env: after}
	line := shellCommand(e, "/", before)
	got := inShell(t, "sh", "KEPT=1 GONE=1 CHANGED=1; export KEPT GONE CHANGED; "+line+" | sort; pwd")
	for _, want := range []string{"KEPT=1\n", "CHANGED=two words\n", "-x=$(id)\n", "NEW='\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s: the environment lacks %q:\n%s", line, want, got)
		}
	}
	if strings.Contains(got, "GONE=") || strings.Contains(got, "odd") {
		t.Errorf("%s:\n%s", line, got)
	}
	for args, want := range map[string]string{
		"a=b x":   `env A=1 sh -c 'exec "$0" "$@"' a=b x`,
		"-bash":   "env A=1 /bin/bash",
		"if x":    "env A=1 'if' x",
		"- x":     "env A=1 /bin/bash x",
		"env -i":  "env A=1 env -i",
		"env a=b": "env A=1 env a=b",
	} {
		e := &execution{exe: "/bin/bash", args: strings.Fields(args), env: []string{"A=1"}}
		if got := shellCommand(e, "", []string{}); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
	e = &execution{exe: "/bin/x", args: []string{"a=b", "c=d", "=x"}}
	if got := shellCommand(e, "", nil); got != "'a=b' c=d '=x'" {
		t.Errorf("got %s", got)
	}
}

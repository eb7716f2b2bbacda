//go:build linux && amd64

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestCompletionScripts(t *testing.T) {
	for _, s := range scriptNames {
		var b bytes.Buffer
		printCompletion(&b, s.shell, nil)
		if !strings.Contains(b.String(), "--completion="+s.shell) {
			t.Errorf("the script for %s does not ask trapline:\n%.200s", s.shell, b.String())
		}
	}
}

// Completion knows every kind of value that the manual names, or has no values for it.
func TestKindsOfValues(t *testing.T) {
	nothing := map[string]bool{"<none>": true, "<condition>": true}
	for _, o := range parseCompletion(completionText) {
		for _, v := range append(append(o.values, o.operands...), o.actions...) {
			kind := v.word
			if v.kind != "" {
				kind = v.kind
			}
			if !strings.HasPrefix(kind, "<") || nothing[kind] {
				continue
			}
			c := &completer{known: parseCompletion(completionText)}
			if c.kind(o, kind, "", ""); len(c.lines) == 0 {
				t.Errorf("%s: completion does not know %s", o.names[0].name, kind)
			}
		}
	}
}

// Each action that completion offers for --inject and --fault exists.
func TestActionsInManual(t *testing.T) {
	c := &completer{known: parseCompletion(completionText)}
	actions := c.named("--inject").actions
	if len(actions) < 10 {
		t.Fatalf("%d actions", len(actions))
	}
	values := map[string]string{
		"error=": "EIO", "retval=": "1", "syscall=": "getpid:retval=1", "signal=": "SIGINT", "delay_enter=": "1", "delay_exit=": "1",
		"poke_enter=": "@arg1=00", "poke_exit=": "@arg1=00", "when=": "1", "path=": "/x", "fd=": "1", "if=": "fd == 1", "p=": "0.5:retval=1",
	}
	for _, a := range actions {
		value := values[a.word]
		if a.word == "when=" || a.word == "path=" || a.word == "fd=" || a.word == "if=" {
			value += ":retval=1"
		}
		if _, err := parseCommandLine([]string{"--inject=read:" + a.word + value, "true"}); err != nil {
			t.Errorf("%s: %v", a.word, err)
		}
	}
}

// FuzzComplete completes any command line. Each word that it offers begins with the word to
// be completed, or with the same characters.
func FuzzComplete(f *testing.F) {
	for _, line := range []string{
		"-e trace=op", "--inject=open:error=EI", "-o ", "-p name:", "-fe signal=", "--", "-- ls -", "-", "", "--status=!E", "-U a,,", "--fault",
		"-c -S\x00", "-ee", "--list-syscalls=%", "--=x", "-=", "-- ", "--completion= ", "-E =",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		c := &completer{known: parseCompletion(completionText)}
		c.complete(words)
		for _, answer := range c.lines {
			if last := words[len(words)-1]; !strings.HasPrefix(answer, ":") && !strings.HasPrefix(answer, last) {
				t.Errorf("%q: %q", line, answer)
			}
		}
	})
}

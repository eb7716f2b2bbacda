//go:build linux && amd64

package trace

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMatches checks that a condition holds for the Values of finished calls if and only if
// it held while they were made.
func TestMatches(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	command := NewCommand("sh", "-c", "echo text >file; cat file nothing; (cat <file | wc -c); kill -USR1 $$")
	command.Dir = dir
	command.Stdout, command.Stderr = null(t), null(t)
	for _, text := range []string{
		"name == 'openat'", "ret < 0", "errno == ENOENT", "ret > 4 and name == 'read'", "name == 'mmap' and not (ret < 0)",
		"flags & O_CREAT", "path endsWith 'file'", "path == '" + name + "'", "fd == 3 and name == 'read'", "dur > 10s",
		"statbuf.st_size == 5", "buf contains 'ext'", "arg1 == 1 and name == 'write'", "args.fd == 3",
		"event == 'signal' and signal == SIGUSR1", "pathname == 'file' and ret == 3", "abi == 'x86_64' and name startsWith 'pr'",
	} {
		t.Run(text, func(t *testing.T) {
			c, err := ParseCondition(text, nil)
			if err != nil {
				t.Fatal(err)
			}
			var live, after []string
			count := func(where []*Condition, to *[]string, c *Condition) {
				o := Options{Follow: true, DecodeFDs: AllFDs, StringLimit: 4096, Where: where}
				add := func(p *Past, name string) {
					if c == nil || c.Matches(p) {
						*to = append(*to, name)
					}
				}
				o.Handler.Exit = func(c *Call) error {
					if c.Name == "rt_sigreturn" {
						return nil // its result is that of the call before, if a SIGCHLD comes then
					}
					add(&Past{Call: c, Event: "syscall", TID: c.PID, Process: c.PID, Signal: -1, Code: -1, Ended: true}, c.Name)
					return nil
				}
				// A condition on calls does not suppress signals in a live trace.
				o.Handler.Signal = func(s *Signal) error {
					if strings.Contains(text, "event") {
						add(&Past{Event: "signal", TID: s.PID, Process: s.PID, Signal: int(s.Number), Code: -1}, s.Name)
					}
					return nil
				}
				if _, err := Run(t.Context(), command, o); err != nil {
					t.Fatal(err)
				}
				slices.Sort(*to)
			}
			count([]*Condition{c}, &live, nil)
			count(nil, &after, c)
			if !slices.Equal(live, after) {
				t.Errorf("while the calls are made:\n%q\nafterwards:\n%q", live, after)
			}
			if empty := text == "dur > 10s"; (len(live) == 0) != empty {
				t.Errorf("%d records", len(live))
			}
		})
	}
}

func null(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

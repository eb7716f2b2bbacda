//go:build linux && amd64

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trapline/output"
	"trapline/output/outputtest"
	"trapline/tables"
)

// TestLifeOfARecord sends the same events to each format. The trace must match these
// regular expressions, in this order. Formats that show the parts of a call on separate
// lines (output.LineWriter) may have a list of their own.
func TestLifeOfARecord(t *testing.T) {
	start := outputtest.Start
	fail := func(r *output.Record) {
		r.Resume(start)
		r.Return()
		r.Number(^uint64(0), output.Signed)
		r.Failure(1, "EPERM", "Operation not permitted")
		r.EndCall(&output.Result{})
	}
	for _, tt := range []struct {
		name     string
		statuses output.StatusSet // output.AllStatuses if 0
		events   func(a, b *output.Record)
		want     []string
		lines    []string // for LineWriters; want if nil
		not      string   // must not be found
	}{
		{"returned", 0, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Finish(a, 41)
			outputtest.Call(a, "second")
			fail(a)
		}, []string{"first", "41", "second", "EPERM"}, nil, "unfinished|detached"},
		{"resumed", 0, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Call(b, "second")
			outputtest.Finish(a, 41)
			outputtest.Finish(b, 42)
		}, []string{"first", "41", "second", "42"},
			[]string{"first", "unfinished", "second", "unfinished", "first resumed", "41", "second resumed", "42"}, "detached"},
		{"held", output.Failed, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Call(b, "second")
			outputtest.Finish(b, 42)
			outputtest.Call(b, "third")
			fail(b)
			fail(a)
		}, []string{"third", "EPERM", "first", "EPERM"}, nil, "second|42|unfinished|resumed"},
		{"held and ended", output.Failed, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Call(b, "second")
			b.Unavailable()
			outputtest.Call(b, "third")
			a.Killed(start, "SIGKILL", false, nil)
			b.Close()
		}, []string{"SIGKILL"}, nil, "first|second|third|unfinished|detached"},
		{"unfinished", 0, func(a, b *output.Record) {
			a.BeginCall(&output.Header{Time: start, Name: "first"})
			a.Arg("argument", output.NameOptional)
			a.BeginStruct()
			a.Field("member")
			a.Number(41, output.Signed)
			a.Entered()
			a.Killed(start, "SIGSEGV", true, nil)
			b.Exited(start, 42, nil)
		}, []string{"first", "member", "41", "unfinished", "SIGSEGV", "42"}, nil, "detached"},
		{"only unfinished", output.Unfinished, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Finish(a, 41)
			outputtest.Call(a, "second")
			outputtest.Call(b, "third")
			a.Unreturned(start, true)
			a.Exited(start, 42, nil)
			b.Close()
		}, []string{"second", `unfinished|= \?`, "42"}, nil, "first|third|41|detached"},
		{"unavailable", 0, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			a.Resume(start)
			a.Unavailable()
			outputtest.Call(a, "second")
			outputtest.Finish(a, 42)
		}, []string{"first", "unavailable", "second", "42"}, nil, "unfinished|detached"},
		{"detached", 0, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Call(b, "second")
			b.Close()
			a.Close()
		}, []string{"second", "detached", "first", "detached"},
			[]string{"first", "unfinished", "second", "detached"}, "resumed"},
		{"in a call", 0, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			b.BeginSignal(start, "SIGCHLD")
			b.BeginStruct()
			b.EndStruct()
			b.EndSignal()
			b.Stopped(start, "SIGSTOP")
			b.Personality(start, tables.I386)
			outputtest.Finish(a, 41)
		}, []string{"SIGCHLD", "SIGSTOP", "i386", "first", "41"},
			[]string{"first", "unfinished", "SIGCHLD", "SIGSTOP", "32 bit", "first resumed", "41"}, "detached"},
		{"superseded", 0, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Call(b, "execve")
			b.Superseded(start, a, false)
			outputtest.Finish(b, 41)
			outputtest.Call(b, "second")
			outputtest.Finish(b, 42)
		}, []string{"first", "unfinished", "superseded", "9008", "execve", "41", "9007", "second", "42"},
			[]string{"first", "unfinished", "execve", "pid changed to 9007", "9007.*superseded.* 9008", "9007.*execve resumed", "41",
				"9007.*second", "42"}, "detached"},
		{"superseded quietly, and held", output.Successful, func(a, b *output.Record) {
			outputtest.Call(a, "first")
			outputtest.Call(b, "execve")
			b.Superseded(start, a, true)
			outputtest.Finish(b, 41)
		}, []string{"execve", "41"}, nil, "first|superseded|unfinished|detached"},
	} {
		for _, f := range formats {
			t.Run(tt.name+"/"+f.Name, func(t *testing.T) {
				o := output.Options{Format: f, PID: output.PIDColumn, Statuses: tt.statuses}
				if o.Statuses == 0 {
					o.Statuses = output.AllStatuses
				}
				log := outputtest.Record(t, o, func(l *output.Log) {
					tt.events(outputtest.NewRecord(t, l, 9007), outputtest.NewRecord(t, l, 9008))
				})
				want := tt.want
				if _, ok := f.New(&o, &output.Tracee{}).(output.LineWriter); ok && tt.lines != nil {
					want = tt.lines
				}
				checkOrder(t, f, log, want, tt.not)
			})
		}
	}
}

// checkOrder checks that a trace starts with its format's title, has matches of
// want in that order and none of not, and ends with a newline.
func checkOrder(t *testing.T, f *output.Format, log string, want []string, not string) {
	t.Helper()
	rest, ok := strings.CutPrefix(log, f.Title)
	if !ok || !strings.HasSuffix(log, "\n") {
		t.Errorf("no title or no newline in\n%s", log)
	}
	if s := regexp.MustCompile(not).FindString(rest); s != "" {
		t.Errorf("%q in\n%s", s, log)
	}
	for _, w := range want {
		at := regexp.MustCompile(w).FindStringIndex(rest)
		if at == nil {
			t.Errorf("no %q where it should be in\n%s", w, log)
			return
		}
		rest = rest[at[1]:]
	}
}

// TestRecordsInFiles checks that each tracee's records go to its file, and that
// a thread whose execve supersedes the process continues in the process's file.
func TestRecordsInFiles(t *testing.T) {
	for _, f := range formats {
		t.Run(f.Name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "trace")
			l, err := output.OpenLog(output.Destination{Name: name, Separate: true},
				output.Options{Format: f, Statuses: output.AllStatuses})
			if err != nil {
				t.Fatal(err)
			}
			leader, thread := outputtest.NewRecord(t, l, 7), outputtest.NewRecord(t, l, 8)
			outputtest.Call(leader, "first")
			outputtest.Call(thread, "second")
			outputtest.Finish(thread, 0)
			outputtest.Call(thread, "execve")
			thread.Superseded(outputtest.Start, leader, false)
			outputtest.Finish(thread, 0)
			outputtest.Call(thread, "third")
			thread.Close()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]struct {
				has []string
				not string
			}{
				name + ".7": {[]string{"first", "unfinished", "superseded", "8", "execve", "third", "detached"}, "second"},
				name + ".8": {[]string{"second"}, "first|third|superseded|detached"},
			} {
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.HasSuffix(b, []byte("\n")) {
					t.Errorf("no newline at the end of %s", b)
				}
				checkOrder(t, f, string(b), want.has, want.not)
			}
		})
	}
}

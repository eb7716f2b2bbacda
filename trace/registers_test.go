//go:build linux && amd64

package trace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	jsonformat "trapline/output/json"
	"trapline/tracer"
)

// A register that another process writes during a call changes without an
// explanation.
func TestUnexplainedRegister(t *testing.T) {
	for _, format := range []string{"text", "JSON", "summary"} {
		t.Run(format, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "log")
			o := Options{Registers: RegistersDiff, Calls: Calls("brk"), Output: &Destination{Name: name}}
			switch format {
			case "JSON":
				o.Looks.Format = jsonformat.Format
			case "summary":
				o.Summary, o.SummaryOnly = new(Summary), true
			}
			meddle(t, o)
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			log := string(b)
			want := []string{"unexplained\n", "unexplained changes of registers: 1\n", "brk: r12 "}
			if format == "JSON" {
				want = []string{`"why":"unexplained","unexplained":true`, `"event":"unexplained_registers","count":1`}
			}
			if format == "summary" {
				want = want[1:]
			}
			for _, s := range want {
				if !strings.Contains(log, s) {
					t.Errorf("no %q in\n%s", s, log)
				}
			}
		})
	}
}

// meddle runs a command and inverts the bits of r12 during its first brk.
func meddle(t *testing.T, o Options) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Launch(NewCommand("true")); err != nil {
		t.Fatal(err)
	}
	const brk = 12
	turn := func(tr *tracer.Tracee) {
		var regs tracer.Registers
		if err := tr.Registers(&regs); err != nil {
			t.Fatal(err)
		}
		regs.R12 = ^regs.R12
		if err := tr.SetRegisters(&regs); err != nil {
			t.Fatal(err)
		}
	}
	turned := 0
	for {
		ev, err := s.tracer.Next()
		if err != nil {
			break
		}
		s.event(ev)
		isBrk := ev.Call.NR == brk
		if turned == 0 && ev.Kind == tracer.Enter && isBrk || turned == 1 && ev.Kind == tracer.Exit && isBrk {
			turn(ev.Tracee)
			turned++
		}
	}
	if turned != 2 {
		t.Fatalf("r12 was turned %d times, want 2", turned)
	}
	s.writeSummaries()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

package output_test

import (
	"strings"
	"testing"

	"trapline/output"
	"trapline/output/outputtest"
)

// TestColors compares with the output of strace 7.2; here \e is the escape.
func TestColors(t *testing.T) {
	got := record(t, output.Options{Column: 12, Statuses: output.AllStatuses, ArgNames: true, Durations: true, Palette: output.NewPalette("")}, func(l *output.Log) {
		tr := outputtest.NewRecord(t, l, 1)
		tr.BeginCall(&output.Header{Name: "close"})
		tr.Arg("fd", output.NameOptional)
		tr.Number(3, output.Signed)
		tr.Entered()
		tr.Resume(outputtest.Start)
		tr.Return()
		tr.Number(1<<64-1, output.Signed)
		tr.Failure(9, "EBADF", "Bad file descriptor")
		tr.EndCall(&output.Result{})
		tr.BeginSignal(outputtest.Start, "SIGCHLD")
		tr.BeginStruct()
		tr.Field("si_code")
		tr.Enum(2, outputtest.Families, output.Hex)
		tr.EndStruct()
		tr.EndSignal()
		tr.Exited(outputtest.Start, 0)
	})
	want := `\e[33mclose\e[0m(\e[35m\e[39mfd\e[0m=\e[35m3\e[0m\e[0m)\e[0m \e[0m=\e[0m\e[0m \e[32m-1\e[0m \e[31mEBADF\e[0m \e[31m(Bad file descriptor)` +
		`\e[0m \e[32m\e[0m<\e[35m0\e[0m>\e[35m\e[0m\e[0m
--- SIGCHLD \e[0m{\e[35m\e[39msi_code\e[0m=\e[35m\e[34mAF_INET\e[35m\e[0m}\e[35m ---\e[0m
+++ exited with 0 +++\e[0m
`
	if want = strings.ReplaceAll(want, `\e`, "\x1b"); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestPalette(t *testing.T) {
	for _, tt := range []struct {
		spec string
		hue  output.Hue
		want string
	}{
		{"", output.HueSyscall, "33"},
		{"syscall=", output.HueSyscall, "33"},
		{" SyScAlL = 1;31 : unknown = 1;36 ", output.HueSyscall, "1;31"},
		{"syscall=1;31;foo", output.HueSyscall, "33"},
		{"syscall=;", output.HueSyscall, "33"},
		{"syscall=93:syscall=1;31:argval=1;32", output.HueSyscall, "1;31"},
		{"syscall=93:argval=1;32:", output.HueArgValue, "1;32"},
	} {
		if got := output.NewPalette(tt.spec)[tt.hue]; got != "\x1b["+tt.want+"m" {
			t.Errorf("%q: got %q, want %s", tt.spec, got, tt.want)
		}
	}
}

// TestColorsTakeNoColumn checks that coloured results are aligned like plain
// ones.
func TestColorsTakeNoColumn(t *testing.T) {
	write := func(o output.Options) string {
		o.Column, o.Statuses, o.Names, o.PID = 60, output.AllStatuses, output.Verbose, output.PIDColumn
		return record(t, o, func(l *output.Log) {
			tr := outputtest.NewRecord(t, l, 1)
			tr.BeginCall(&output.Header{Name: "f"})
			tr.Arg("a", output.NameOptional)
			tr.Number(3, output.Signed)
			tr.Annotate("path", []byte("/dev/null"))
			tr.Annotate("dev", []byte("char 1:3"))
			tr.Arg("b", output.NameOptional)
			outputtest.Device(tr)
			tr.Entered()
			tr.Resume(outputtest.Start)
			tr.Return()
			tr.Number(0, output.Signed)
			tr.EndCall(&output.Result{})
		})
	}
	plain, colored := write(output.Options{}), write(output.Options{Palette: output.NewPalette("")})
	for before, rest, more := strings.Cut(colored, "\x1b["); more; before, rest, more = strings.Cut(colored, "\x1b[") {
		_, rest, _ = strings.Cut(rest, "m")
		colored = before + rest
	}
	if plain != colored {
		t.Errorf("got\n%swithout colours\n%s", plain, colored)
	}
}

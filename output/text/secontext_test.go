package text

import (
	"strings"
	"testing"

	"trapline/output"
	"trapline/output/outputtest"
)

func TestContexts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options output.Options
		want    string
	}{
		{"octal", output.Options{Clock: output.ClockTime}, `[odd\135_t] 05:06:07 f("a" [file_t], "b" [\377_t!!other_t]) = 3 [file_t]` + "\n" +
			"05:06:07 +++ exited with 0 +++\n"},
		{"readable with -xx", output.Options{Strings: output.HexAll, PID: output.PIDColumn},
			`7     [odd\x5d_t] f("\x61" [file_t], "\x62" [\xff_t!!other_t]) = 3 [file_t]` + "\n7     +++ exited with 0 +++\n"},
		{"coloured", output.Options{Palette: output.NewPalette(output.Dark16, "punct=31:argval=0:path=0:syscall=0:retval=0")},
			strings.NewReplacer("<", "\x1b[31m", ">", "\x1b[0m").Replace(`<[>odd\135_t<] >f<(>"a" <[>file_t<], >"b" <[>\377_t!!other_t<]) = >3 <[>file_t<]>`) +
				"\n+++ exited with 0 +++\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Statuses = output.AllStatuses
			got := record(t, tt.options, func(l *output.Log) {
				r := outputtest.NewRecord(t, l, 7)
				r.SetContext([]byte("odd]_t"))
				outputtest.Call(r, "f")
				r.Arg("a", output.NameOptional)
				r.Str(output.Path, []byte("a"), false)
				r.Context([]byte("file_t"), nil)
				r.Arg("b", output.NameOptional)
				r.Str(output.Path, []byte("b"), false)
				r.Context([]byte("\xff_t"), []byte("other_t"))
				r.Return()
				r.Number(3, output.Signed)
				r.Context([]byte("file_t"), nil)
				r.EndCall(&output.Result{})
				r.SetContext(nil)
				r.Exited(outputtest.Start, 0, nil)
			})
			if got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

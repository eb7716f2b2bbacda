package output

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		args  []string
		want  string // or the end of an error message
	}{
		{"as in strace's test of strace-log-merge", map[string]string{
			"log.4294967295": "3456789012.345678 +++ exited with 3 +++\n", "log.65535": "1234567890.123456 +++ exited with 2 +++\n",
			"log.1": "2345678901.234567 +++ exited with 1 +++\n", "log.x": "1 not one of them\n", "log.0": "1 +++ nor this +++\n",
		}, []string{"log"}, "65535      1234567890.123456 +++ exited with 2 +++\n" +
			"1          2345678901.234567 +++ exited with 1 +++\n4294967295 3456789012.345678 +++ exited with 3 +++\n"},
		{"names of files", map[string]string{"log.1": "5.1 b\n5.3 d", "log.22": "5.05 a\n5.2 c\n"}, []string{"log.1", "log.22"},
			"22 5.05 a\n1  5.1 b\n22 5.2 c\n1  5.3 d\n"},
		{"time of day", map[string]string{"l.7": "09:59:59.999999 a\n10:00:00.000002 c\n", "l.8": "10:00:00.000001 b\n10:00:00.000002 d\n"},
			[]string{"l"}, "7 09:59:59.999999 a\n8 10:00:00.000001 b\n7 10:00:00.000002 c\n8 10:00:00.000002 d\n"},
		{"seconds", map[string]string{"l.7": "10:00:01 b\n", "l.8": "10:00:00 a\n10:00:01 c\n"}, []string{"l"},
			"8 10:00:00 a\n7 10:00:01 b\n8 10:00:01 c\n"},
		{"lines of a stack", map[string]string{"l.7": "1.1 a\n > libc(f+0x1) [0x1]\n | 00000  61 |\n1.3 c\n", "l.8": "lost\n1.2 b\n"}, []string{"l"},
			"7 1.1 a\n7  > libc(f+0x1) [0x1]\n7  | 00000  61 |\n8 1.2 b\n7 1.3 c\n"},
		{"nothing", nil, []string{"log"}, "log: strace output not found"},
		{"no times", map[string]string{"log.1": "close(3) = 0\n"}, []string{"log"}, "the files have no lines that begin with a time (-t, -tt or -ttt)"},
	} {
		dir := t.TempDir()
		for name, text := range tt.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var args []string
		for _, arg := range tt.args {
			args = append(args, filepath.Join(dir, arg))
		}
		var out bytes.Buffer
		got := ""
		if err := MergeLogs(&out, args); err != nil {
			got = err.Error()
		} else {
			got = out.String()
		}
		if got != tt.want && !(strings.HasSuffix(got, tt.want) && out.Len() == 0) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// FuzzTimeOfLine: any line has a time, or none.
func FuzzTimeOfLine(f *testing.F) {
	for _, seed := range []string{"12:34:56 a", "12:34:56.789 a", "1234567890.123456 a", ": a", "1:2:3 a", "..  "} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if _, fraction, ok := timeOfLine(line); ok && !bytes.HasPrefix(bytes.TrimLeft(line, "0123456789:"), []byte("."+fraction)) && fraction != "" {
			t.Errorf("%q has the fraction %q", line, fraction)
		}
	})
}

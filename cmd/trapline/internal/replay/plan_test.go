//go:build linux && amd64

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	const end = " --quiet=all -- "
	for _, tt := range []struct{ args, record, show, live string }{
		{"true -f", end + "true -f", "", ""},
		{"-- true", end + "true", "", ""},
		{"-f -o log -e trace=open -e read=1 true", "-f -e read=1" + end + "true", "-f -o log -e trace=open -e read=1", ""},
		{"-fyo log --argv0 x true", "-f --argv0=x" + end + "true", "-f -y -o log", ""},
		{"-ttTolog --attach=1 --string-limit 5", "--attach=1" + end, "-t -t -T -o log --string-limit=5", ""},
		{"-s9999 -f --seccomp-bpf -e signal=none -eopen true", "-f --seccomp-bpf -e open --record-strings=9999" + end + "true",
			"-s 9999 -f -e signal=none -e open", ""},
		{"--string-limit=9 -p1 --stop=3 -v", "", "", "an end of attaching"},
		{"-cw --json true", "-c -o /dev/null" + end + "true", "-c -w --json", ""},
		{"--follow-f --trace-fd 3 true", "--follow-f" + end + "true", "--follow-f --trace-fd=3", ""},
		{"-fD true", "", "", "-fD"},
		{"--inject=open:error=EIO true", "", "", "--inject=open:error=EIO"},
		{"-e fault=open true", "", "", "-e"},
		{"-f", "", "", "no program"},
		{"-f -o", "", "", "-o"},
	} {
		got := plan(strings.Fields(tt.args))
		if !slices.Equal(got.record, strings.Fields(tt.record)) || !slices.Equal(got.show, strings.Fields(tt.show)) || got.live != tt.live {
			t.Errorf("%s: %q, %q, %q", tt.args, got.record, got.show, got.live)
		}
	}
}

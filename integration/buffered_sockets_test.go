package integration

import (
	"regexp"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// messageCalls are the lines of calls that move messages.
var messageCalls = regexp.MustCompile(`^(\d+ +)?(<\.\.\. )?(sendmsg|sendto|recvmsg|recvfrom)\b|"name":"(sendmsg|sendto|recvmsg|recvfrom)"`)

// Messages that are sent and received without a stop have the same lines as with stops, the
// program does not notice, and nothing is shown that was not kept.
func TestBufferedMessages(t *testing.T) {
	need.All(t, need.GCC64)
	uninterrupted(t)
	program := path(t, programs.Sockets)
	for _, tt := range []struct {
		what, flags string
		least       int // of the calls that move messages
	}{
		{"shapes", "", 4000},
		{"shapes", "--json -s 200", 4000},
		{"shapes", "-s 2 -e verbose=sendto,recvfrom", 4000},
		{"shapes", "-e raw=sendmsg,recvfrom -e trace=sendto,sendmsg,recvmsg", 4000},
		{"shapes", "-y", 2000},
		{"shapes, SIGSEGV ignored", "-v", 4000},
		{"replaced", "", 200},
		{"replaced", "-yy --json", 10},
		{"interrupted", "", 200},
		{"interrupted", "--json", 200},
		{"threads", "", 3900},
		{"threads", "--json", 3900},
	} {
		t.Run(tt.what+" "+tt.flags, func(t *testing.T) {
			what, ignored, _ := strings.Cut(tt.what, ",")
			p := bufferedProgram{name: "sh", script: program + " " + what}
			if ignored != "" {
				p.script = "trap '' SEGV; " + p.script
			}
			flags := append(strings.Fields(tt.flags), "-f", "-d")
			sameBothWays(t, p, flags, "stops from now on", tt.least, func(log string) []string { return messagesOf(t, log) })
		})
	}
}

// messagesOf are the lines of messages in a trace, by the thread.
func messagesOf(t *testing.T, log string) []string {
	var lines strings.Builder
	for line := range strings.Lines(log) {
		if messageCalls.MatchString(line) {
			lines.WriteString(line)
		}
	}
	if lines.Len() == 0 {
		t.Fatalf("no messages in\n%.2000s", log)
	}
	return comparable(lines.String(), nil)
}

// Each of the calls that move ordinary messages does not stop.
func TestBufferedMessagesDoNotStop(t *testing.T) {
	need.All(t, need.GCC64)
	const each = 1000
	r := trace(t, trapline(t), []string{"-f", "-d", "--buffered=always"}, path(t, programs.Sockets), "many", "1000")
	passed, stopped := bufferedCalls(t, r.stderr)
	if passed < 6*each || stopped > 200 {
		t.Errorf("of %d calls %d did not stop, %d did", 6*each, passed, stopped)
	}
	for _, line := range []string{
		`sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="`, `recvmsg(4, {msg_name=`, `sendto(3, "`, `recvfrom(4, "`,
	} {
		if n := strings.Count(r.log, line); n != each && n != 2*each {
			t.Errorf("%d lines with %s", n, line)
		}
	}
}

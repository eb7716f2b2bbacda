package integration

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"trapline/integration/need"
)

// ownWords matches what trapline adds to strace's messages: which part of an injection is
// wrong, and, at the end, that an injection changed nothing.
var ownWords = regexp.MustCompile(`(invalid (?:inject|fault) argument '[^\n]*?'): [^\n]*|[^\n]*: -e (?:inject|fault)=[^\n]* has not changed any call\n`)

// Numbers at and beyond the limits of an option are rejected exactly where
// strace rejects them, with the same words.
func TestNumbersOfOptionsAlike(t *testing.T) {
	need.All(t, need.Strace)
	var all [][]string
	for _, injection := range []string{
		"error=0", "error=1", "error=4095", "error=4096", "error=00", "error=+1", "error= 1", "error=0x10", "error=",
		"retval=", "retval=-0", "retval=18446744073709551615", "retval=18446744073709551616", "retval=08", "retval= 1",
		"signal=0", "signal=64", "signal=65", "signal=+1", "delay_enter=-1", "delay_enter=1_0", "delay_enter= 1", "delay_exit=1m",
		"error=1:when=0", "error=1:when=65535", "error=1:when=65536", "error=1:when=1..65535", "error=1:when=2..1", "error=1:when=1+0",
		"error=1:when=+1", "poke_enter=@arg0=00", "poke_enter=@arg8=00", "poke_enter=@arg01=00", "poke_enter=@arg1=00,", "poke_enter=@arg1=0",
	} {
		all = append(all, []string{"-e", "inject=chdir:" + injection}, []string{"-e", "fault=chdir:" + injection})
	}
	for _, option := range []string{"-a", "-s", "-I"} {
		for _, value := range []string{"", "0", "1", "-1", "+1", " 1", "1 ", "0x1", "1_0", "5", "2147483648", "4294967297"} {
			all = append(all, []string{option, value})
		}
	}
	for _, value := range []string{"-1", "+1", " 1", "2147483647", "2147483648", "0x1", "1-2"} {
		all = append(all, []string{"-e", "read=" + value})
	}
	for _, value := range []string{"39", "999", "1073741863", "4294967335", "-1"} {
		all = append(all, []string{"-e", "trace=" + value})
	}
	for _, args := range all {
		args = append(args, "-o", "/dev/null", "true")
		theirs, _ := exec.Command(need.StracePath(), args...).CombinedOutput()
		ours, _ := exec.Command(trapline(t), args...).CombinedOutput()
		ours = ownWords.ReplaceAll(ours, []byte("$1"))
		if want := strings.ReplaceAll(string(theirs), need.StracePath(), trapline(t)); string(ours) != want {
			t.Errorf("%q: %q, want %q", args, ours, want)
		}
	}
}

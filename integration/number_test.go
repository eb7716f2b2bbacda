package integration

import (
	"strings"
	"testing"

	"trapline/integration/need"
)

// Numbers that are in no table in this form: those of x32, which have an additional bit, on
// any kernel; and -1, which is not a call.
func TestNumbersAlike(t *testing.T) {
	need.All(t, need.X86)
	command := []string{program(t, "numbers", "amd64"), "syscall",
		"1073741863", "1073741841", "1073745919", "-1", "4095", "104"}
	flags := []string{"-n", "-e", "signal=none", "-e", "trace=getgid,getpid@x32,pread64@x32"}
	log := trace(t, trapline(t), flags, command...).log
	for _, want := range []string{
		"[1073741863] getpid() ",
		"[1073741841] pread64(-1, ",
		"[1073745919] syscall_0x40000fff(0xffffffff, 0xffffffff, 0, 0, 0, 0) ",
		"[???] syscall_0xffffffffffffffff(0xffffffff, 0xffffffff, 0, 0, 0, 0) ",
		"[4095] syscall_0xfff(",
		"[ 104] getgid() ",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
	t.Run("strace", func(t *testing.T) {
		need.All(t, need.Strace)
		theirs := trace(t, need.StracePath(), flags, command...).log
		if diff := difference(strings.Split(theirs, "\n"), strings.Split(log, "\n")); diff != "" {
			t.Error(diff)
		}
	})
}

package integration

import (
	"regexp"
	"strings"
	"testing"

	"trapline/integration/need"
)

// --kvm shows why a virtual processor exits, and the data of its input and
// output before and after the call.
func TestKVM(t *testing.T) {
	need.All(t, need.X86, need.KVM)
	state := `\{request_interrupt_window=0, immediate_exit=0, exit_reason=%, ready_for_interrupt_injection=\d, if_flag=0, flags=0,` +
		` cr8=0000000000000000, apic_base=0x[0-9a-f]{14}`
	io := func(data string) string {
		return strings.Replace(state, "%", `2 /\* KVM_EXIT_IO \*/`, 1) +
			`, \{io=\{direction=KVM_EXIT_IO_OUT, size=1, port=0x3f8, count=1, data_offset=0x00000000001000, data=\[` + data + `\]\}\}\}`
	}
	began := strings.Replace(strings.Replace(state, "%", `0 /\* KVM_EXIT_UNKNOWN \*/`, 1), `0x[0-9a-f]{14}`, `\w{16}`, 1) + `\}`
	halted := strings.Replace(state, "%", `5 /\* KVM_EXIT_HLT \*/`, 1) + `\}`
	for _, tt := range []struct {
		option string
		want   []string
	}{
		{"--kvm=vcpu", []string{
			`ioctl\(\d+, KVM_RUN, 0\) += 0 \(KVM_EXIT_IO\)`,
			`ioctl\(\d+, KVM_RUN, 0\) += 0 \(KVM_EXIT_IO\)`,
			`ioctl\(\d+, KVM_RUN, 0\) += 0 \(KVM_EXIT_HLT\)`,
		}},
		{"--kvm=vcpu+", []string{
			`ioctl\(\d+, KVM_RUN, 0\) += 0 \(KVM_EXIT_IO\)`, ` VCPU:0< ` + began, ` VCPU:0> ` + io("0x6f"),
			`ioctl\(\d+, KVM_RUN, 0\) += 0 \(KVM_EXIT_IO\)`, ` VCPU:0< ` + io("0x6f"), ` VCPU:0> ` + io("0x6b"),
			`ioctl\(\d+, KVM_RUN, 0\) += 0 \(KVM_EXIT_HLT\)`, ` VCPU:0< ` + io("0x6b"), ` VCPU:0> ` + halted,
		}},
	} {
		_, trace, state := run(t, tt.option, "-E", "GODEBUG=asyncpreemptoff=1", "--quiet=all", "-e", "trace=ioctl", program(t, "kvm", "amd64"))
		if code := state.ExitCode(); code != 0 {
			t.Fatalf("the virtual machine exits with %d", code)
		}
		var lines []string
		for line := range strings.Lines(trace) {
			if strings.Contains(line, "KVM_RUN") && !strings.Contains(line, "EINTR") || strings.HasPrefix(line, " VCPU") {
				lines = append(lines, strings.TrimSuffix(line, "\n"))
			}
		}
		if len(lines) != len(tt.want) {
			t.Fatalf("%s: got\n%s", tt.option, trace)
		}
		for i, want := range tt.want {
			if !regexp.MustCompile("^" + want + "$").MatchString(lines[i]) {
				t.Errorf("%s: got\n%s\nwant\n%s", tt.option, lines[i], want)
			}
		}
	}
}

package kvm

import (
	"testing"

	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
)

// TestKVMRun checks that captured memory is shown as it was, even if memory next
// to it is read later.
func TestKVMRun(t *testing.T) {
	const at = 0x7000
	state := func(reason int, details ...any) []byte {
		b := append(LE(Uint8(0), Uint8(1), make([]byte, 6), reason, Uint8(1), Uint8(0), Uint16(0), uint64(0), uint64(0xfee00900)), LE(details...)...)
		return append(b, make([]byte, 2*PageSize-len(b))...)
	}
	const head = `{request_interrupt_window=0, immediate_exit=1, exit_reason=`
	const tail = `, ready_for_interrupt_injection=1, if_flag=0, flags=0, cr8=0000000000000000, apic_base=0x000000fee00900`
	io := state(kvmExitIO, Uint8(0), Uint8(2), Uint16(0x60), 1, uint64(PageSize))
	copy(io[PageSize:], "\x01\x02")
	for _, tt := range []struct {
		memory []byte
		want   string
	}{
		{io, `2 /* KVM_EXIT_IO */` + tail + `, {io={direction=KVM_EXIT_IO_IN, size=2, port=0x60, count=1, data_offset=0x00000000001000, data=[0x1, 0x2]}}}`},
		{state(kvmExitMMIO, uint64(0x2000), uint64(0xdf), 1, Uint8(1)), `6 /* KVM_EXIT_MMIO */` + tail +
			`, {mmio={phys_addr=0x00000000002000, data=[0xdf, 0, 0, 0, 0, 0, 0, 0], len=1, is_write=1}}}`},
		{state(8), `8 /* KVM_EXIT_SHUTDOWN */` + tail + `}`},
		{state(9999), `9999 /* KVM_EXIT_??? */` + tail + `}`},
	} {
		got := Encoded(t, func(c *Call) {
			c.Mem = FakeMemory{at: tt.memory}
			for page := uint64(0); page < 2*PageSize; page += PageSize {
				b, _ := c.ReadAll(at+page, PageSize)
				c.Remember(View{B: b, Addr: at + page})
			}
			c.Mem = FakeMemory{at: make([]byte, 2*PageSize)}
			c.AtEntry(func() { c.ShowAt(at, kvmRun) })
			if m, _ := c.ReadType(at, kvmRun); !AllZero(m.B) {
				t.Error("memory has not been changed")
			}
		})
		if want := "---  " + head + tt.want + " ---\n"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

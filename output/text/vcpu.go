package text

import "trapline/output"

// The state of a virtual processor has a line of its own in text, behind the
// call's:
//
//	VCPU:0< {request_interrupt_window=0, ...}
//	VCPU:0> {request_interrupt_window=0, ...}

// BeginVCPU implements output.Outcome.
func (w *writer) BeginVCPU(cpu int, left bool) {
	w.vcpu, w.vcpuUnshown = len(w.buf), w.unshown
	w.color(output.HueReset)
	w.put(" VCPU:")
	w.Number(uint64(cpu), output.Unsigned)
	if left {
		w.punct("> ")
	} else {
		w.punct("< ")
	}
}

// EndVCPU implements output.Outcome. The lines after the call's line wait in
// dump.
func (w *writer) EndVCPU() {
	w.color(output.HueReset)
	w.dump = append(w.dump, w.buf[w.vcpu:]...)
	w.dump = append(w.dump, '\n')
	w.buf, w.unshown = w.buf[:w.vcpu], w.vcpuUnshown
}

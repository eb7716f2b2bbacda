package output

// The state of a virtual processor has a line of its own in text, behind the
// call's:
//
//	VCPU:0< {request_interrupt_window=0, ...}
//	VCPU:0> {request_interrupt_window=0, ...}

func (t *text) BeginVCPU(cpu int, left bool) {
	t.behind, t.behindUnshown = len(t.buf), t.unshown
	t.color(hueReset)
	t.put(" VCPU:")
	t.Number(uint64(cpu), Unsigned)
	if left {
		t.punct("> ")
	} else {
		t.punct("< ")
	}
}

// EndVCPU implements Encoder. The lines behind the call's wait in dump.
func (t *text) EndVCPU() {
	t.color(hueReset)
	t.dump = append(t.dump, t.buf[t.behind:]...)
	t.dump = append(t.dump, '\n')
	t.buf, t.unshown = t.buf[:t.behind], t.behindUnshown
}

func (j *jsonTrace) BeginVCPU(cpu int, left bool) {
	if j.top().kind != inList {
		j.unwind()
		j.member("vcpu")
		j.enter(inList, '[')
	}
	j.cell("")
	j.member("cpu")
	j.number(uint64(cpu), Unsigned)
	if left {
		j.flag("left")
	}
}

func (j *jsonTrace) EndVCPU() {}

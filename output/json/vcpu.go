package json

import "trapline/output"

func (j *writer) BeginVCPU(cpu int, left bool) {
	if j.top().kind != inList {
		j.unwind()
		j.member("vcpu")
		j.enter(inList, '[')
	}
	j.cell("")
	j.member("cpu")
	j.number(uint64(cpu), output.Unsigned)
	if left {
		j.flag("left")
	}
}

func (j *writer) EndVCPU() {}

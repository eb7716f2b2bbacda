//go:build linux && amd64

package explain

import (
	"fmt"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tables"
	"trapline/tracer"
)

// filtered explains an error that a seccomp filter returned. It runs the filters again:
// among the filters with the strictest action, the newest decides (seccomp(2)).
func (e *Explainer) filtered(d *decode.Call) string {
	mem := d.Mem
	if noted, ok := mem.(*decode.NotedMemory); ok { // it is recorded
		mem = noted.Live()
	}
	tr, ok := mem.(*tracer.Tracee)
	row := tables.Lookup(d.ABI, d.NR)
	if !ok || row != nil && row.Name != d.Sig.Name { // the multiplexer's own arguments were filtered, not these
		return ""
	}
	filters, ok := tr.SeccompFilters()
	if !ok {
		return ""
	}
	const action = 0xffff0000 // SECCOMP_RET_ACTION_FULL
	decides, strictest := -1, int32(0)
	var data uint32
	for i := len(filters) - 1; i >= 0; i-- {
		answer, ok := tracer.SeccompAnswer(filters[i], d.ABI, d.NR, &d.Args)
		if !ok {
			return ""
		}
		if a := int32(answer & action); decides < 0 || a < strictest {
			decides, strictest, data = i, a, answer&^action
		}
	}
	if strictest != unix.SECCOMP_RET_ERRNO || int(data) != d.Errno {
		return ""
	}
	if len(filters) == 1 {
		return "a seccomp filter of the process refuses the call"
	}
	return fmt.Sprintf("a seccomp filter of the process refuses the call: number %d of %d, counted from the oldest", decides+1, len(filters))
}

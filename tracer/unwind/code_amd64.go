//go:build linux && amd64

package unwind

// callBefore returns the target of the direct call before an address.
func (w *walk) callBefore(addr uint64) (target uint64, ok bool) {
	const opcode, size = 0xe8, 5 // call rel32
	op, ok := w.u.memory.load(addr-size, 1)
	if !ok || op != opcode {
		return 0, false
	}
	distance, ok := w.u.memory.load(addr-size+1, 4)
	return w.regs.truncate(addr + uint64(int32(distance))), ok
}

// behindIndirectCall reports whether a call through a register or memory may
// precede an address: opcode 0xff, then a byte with 2 in its middle bits, and
// the operands that this byte implies.
func (w *walk) behindIndirectCall(addr uint64) bool {
	for _, size := range [...]uint64{2, 3, 4, 6, 7} {
		op, ok := w.u.memory.load(addr-size, 2)
		if ok && op&0xff == 0xff && op>>11&7 == 2 {
			return true
		}
	}
	return false
}

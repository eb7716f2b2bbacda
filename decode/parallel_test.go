package decode_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"trapline/decode"
	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// TestTwoDecoders decodes in two goroutines, each with its own Decoder, so that the race
// detector finds data that they share: all calls of the tables, all ioctls, and calls inside
// multiplexers. Both decode one call at a time, since the detector remembers only the last
// accesses to an address, and write no files, since it treats that as synchronization. Data
// that earlier tests have initialized is not initialized again: run alone, the test finds
// most.
func TestTwoDecoders(t *testing.T) {
	memory := make([]byte, 64)
	copy(memory, []byte{0x10, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0})
	copy(memory[16:], memory[:48])
	var calls [2]Call
	for i := range calls {
		calls[i] = Call{Decoder: decode.NewDecoder(decode.Options{StringLimit: 32}, nil), Out: output.Discard{}, Outcome: output.Discard{}, Mem: &HostileMemory{Bytes: memory, End: 0x1800}, TID: 1}
	}
	inBoth := func(do func(c *Call)) {
		var both sync.WaitGroup
		for i := range calls {
			both.Go(func() { do(&calls[i]) })
		}
		both.Wait()
	}
	decode := func(abi tables.ABI, lookup func(c *Call) *Signature, args ...uint64) {
		inBoth(func(c *Call) {
			c.ABI, c.Sig, c.Args = abi, lookup(c), [6]uint64{}
			copy(c.Args[:], args)
			c.Begin()
			c.Enter()
			c.Ret = 1
			c.Exit()
			c.Result()
		})
	}
	for _, abi := range tables.ABIs {
		number := func(nr uint64) func(c *Call) *Signature {
			return func(c *Call) *Signature { return c.Lookup(abi, nr) }
		}
		for row := range tables.Syscalls(abi) {
			for first := range uint64(3) {
				decode(abi, number(uint64(row.NR)), first, 0x1010, 0x1020, 0x1010, 8, 0x1030)
			}
		}
		decode(abi, number(4000))
		ioctl := number(uint64(tables.ByName(abi, "ioctl").NR))
		for _, op := range slices.Sorted(maps.Values(tables.IoctlsByName(abi))) {
			decode(abi, ioctl, 3, uint64(op), 0x1010)
		}
	}
	for _, inner := range []struct{ name, form string }{{"send", "send"}, {"semctl", "ipc_semctl"}, {"msgrcv", "ipc_msgrcv_kludge"}} {
		decode(tables.I386, func(c *Call) *Signature { return c.LookupInner(inner.name, inner.form) }, 1, 0x1010, 2, 0x1010, 3)
	}
}

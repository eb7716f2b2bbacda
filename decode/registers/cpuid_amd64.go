package registers

import "sync"

// XSAVELayout gives the components beyond x87 and SSE, for Snapshot.Components.
// The processor is asked once (CPUID leaf 0xd, Intel SDM volume 1, 13.2).
var XSAVELayout = sync.OnceValue(func() []XSAVEComponent {
	const leaf = 0xd
	if highest, _, _, _ := cpuid(0, 0); highest < leaf {
		return nil
	}
	var layout []XSAVEComponent
	low, _, _, high := cpuid(leaf, 0)
	supported := uint64(high)<<32 | uint64(low)
	for n := 2; n < 63; n++ {
		if supported&(1<<n) != 0 {
			size, offset, _, _ := cpuid(leaf, uint32(n))
			layout = append(layout, XSAVEComponent{n, int(offset), int(size)})
		}
	}
	return layout
})

// cpuid is the instruction of that name.
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

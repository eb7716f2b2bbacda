package registers

import "sync"

// XSAVELayout returns the components beyond x87 and SSE, for Snapshot.Components.
// It queries the processor once (CPUID leaf 0xd, Intel SDM volume 1, 13.2).
func XSAVELayout() []XSAVEComponent {
	xsaveAsked.Do(func() { xsaveLayout = askXSAVELayout() })
	return xsaveLayout
}

var (
	xsaveAsked  sync.Once
	xsaveLayout []XSAVEComponent
)

func askXSAVELayout() []XSAVEComponent {
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
}

// cpuid executes the instruction of that name.
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

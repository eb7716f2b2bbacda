//go:build linux && amd64

package buffered

import (
	"cmp"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Views are the mappings of areas' files in this process. Unmapping takes long, since all
// processors that run this process have to be told. In a trace of short processes that would
// happen for each of them. So the files are mapped one after the other into reserved address
// space, and those that are no longer used are unmapped together.
type Views struct {
	next   unsafe.Pointer   // the rest of the reserved address space
	left   int              // the number of areas it has space for
	unused []unsafe.Pointer // the mappings that are no longer used
}

// reservedViews is the number of areas for which address space is reserved at once.
// unusedViews is the number of unused mappings from which on Tidy unmaps them, and mostUnused
// the number at which they are unmapped in any case.
const (
	reservedViews = 64
	unusedViews   = 16
	mostUnused    = 64
)

// add maps the file of an area.
func (v *Views) add(fd int) ([]byte, error) {
	if v.left == 0 {
		at, err := unix.MmapPtr(-1, 0, nil, reservedViews*areaFile, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
		if err != nil {
			return nil, err
		}
		v.next, v.left = at, reservedViews
	}
	at, err := unix.MmapPtr(fd, 0, v.next, areaFile, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED)
	if err != nil {
		v.left = 0 // the kernel may have unmapped what was reserved, and others may use it now
		return nil, err
	}
	// Page faults for the state and the first page of the ring would take longer. Kernels before
	// 5.14 do not have MADV_POPULATE_WRITE.
	unix.Madvise(unsafe.Slice((*byte)(at), AreaFirstPages), unix.MADV_POPULATE_WRITE)
	v.next = unsafe.Add(v.next, areaFile)
	v.left--
	return unsafe.Slice((*byte)(at), areaFile), nil
}

// drop is called when the file of an area is no longer used.
func (v *Views) drop(memory []byte) {
	v.unused = append(v.unused, unsafe.Pointer(&memory[0]))
	if len(v.unused) >= mostUnused {
		v.unmap()
	}
}

// Tidy unmaps what is no longer used, if that is worthwhile. It is called when there is time
// for it.
func (v *Views) Tidy() {
	if len(v.unused) >= unusedViews {
		v.unmap()
	}
}

func (v *Views) unmap() {
	slices.SortFunc(v.unused, func(a, b unsafe.Pointer) int { return cmp.Compare(uintptr(a), uintptr(b)) })
	for list := v.unused; len(list) > 0; {
		n := 1
		for n < len(list) && list[n] == unsafe.Add(list[0], n*areaFile) {
			n++
		}
		unix.MunmapPtr(list[0], uintptr(n)*areaFile)
		list = list[n:]
	}
	v.unused = v.unused[:0]
}

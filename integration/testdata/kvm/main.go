// Kvm runs a virtual machine of a few instructions, which writes two characters
// to port 0x3f8 and halts. It exits with 77 if that is not possible.
package main

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

const page = 4096

// code is for the real mode of the processor.
var code = []byte{
	0xba, 0xf8, 0x03, // mov $0x3f8, %dx
	0xb0, 'o', // mov $'o', %al
	0xee,      // out %al, (%dx)
	0xb0, 'k', // mov $'k', %al
	0xee, // out %al, (%dx)
	0xf4, // hlt
}

// The main thread makes all calls: trapline without -f sees no others.
func init() { runtime.LockOSThread() }

var ops = tables.IoctlsByName(tables.X86_64)

// ioctl makes a request. The Go runtime's signals may interrupt it.
func ioctl(fd int, name string, arg uintptr) int {
	for {
		r, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(ops[name]), arg)
		switch errno {
		case 0:
			return int(r)
		case unix.EINTR:
		default:
			os.Exit(77)
		}
	}
}

func main() {
	kvm, err := unix.Open("/dev/kvm", unix.O_RDWR, 0)
	if err != nil {
		os.Exit(77)
	}
	vm := ioctl(kvm, "KVM_CREATE_VM", 0)
	memory, err := unix.Mmap(-1, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		panic(err)
	}
	copy(memory, code)
	region := struct {
		slot, flags                      uint32
		physical, size, userspaceAddress uint64
	}{physical: page, size: page, userspaceAddress: uint64(uintptr(unsafe.Pointer(&memory[0])))}
	ioctl(vm, "KVM_SET_USER_MEMORY_REGION", uintptr(unsafe.Pointer(&region)))
	vcpu := ioctl(vm, "KVM_CREATE_VCPU", 0)
	size := ioctl(kvm, "KVM_GET_VCPU_MMAP_SIZE", 0)
	if _, err := unix.Mmap(vcpu, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		panic(err)
	}

	var segments [39]uint64 // struct kvm_sregs: cs is first, of that the base and, behind the limit, the selector
	ioctl(vcpu, "KVM_GET_SREGS", uintptr(unsafe.Pointer(&segments)))
	segments[0] = 0
	segments[1] &= 0xffff0000ffffffff
	ioctl(vcpu, "KVM_SET_SREGS", uintptr(unsafe.Pointer(&segments)))
	var registers [18]uint64 // struct kvm_regs: rip and rflags are last
	registers[16], registers[17] = page, 2
	ioctl(vcpu, "KVM_SET_REGS", uintptr(unsafe.Pointer(&registers)))

	for range 3 {
		ioctl(vcpu, "KVM_RUN", 0)
	}
}

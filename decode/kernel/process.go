package kernel

import (
	"math/bits"
	"strconv"

	"golang.org/x/sys/unix"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// userHZ is the number of clock_t ticks per second. The kernel uses this value
// for user space, whatever its own is (USER_HZ of asm-generic/param.h).
const userHZ = 100

type clockT struct{ Number }

func (t *clockT) Show(c *Call, v View) { showTicks(c, t.Value(c, v)) }

// showTicks shows a number of ticks, and the same time in seconds.
func showTicks(c *Call, n uint64) {
	c.Out.Number(n, output.Unsigned)
	if n == 0 {
		return
	}
	b := strconv.AppendUint(c.Alloc(40)[:0], n/userHZ, 10)
	b = append(b, '.', byte('0'+n%userHZ/10), byte('0'+n%10), ' ', 's')
	c.Out.Comment(output.Gloss, output.AsString(b))
}

// Rusage is a struct rusage.
var Rusage = Struct{C: "rusage", Fields: Fields{
	{"ru_utime", &Timeval}, {"ru_stime", &Timeval},
	{"ru_maxrss", Verbose{KUlong}}, {"ru_ixrss", Verbose{KUlong}}, {"ru_idrss", Verbose{KUlong}}, {"ru_isrss", Verbose{KUlong}},
	{"ru_minflt", Verbose{KUlong}}, {"ru_majflt", Verbose{KUlong}}, {"ru_nswap", Verbose{KUlong}},
	{"ru_inblock", Verbose{KUlong}}, {"ru_oublock", Verbose{KUlong}},
	{"ru_msgsnd", Verbose{KUlong}}, {"ru_msgrcv", Verbose{KUlong}},
	{"ru_nsignals", Verbose{KUlong}}, {"ru_nvcsw", Verbose{KUlong}}, {"ru_nivcsw", Verbose{KUlong}},
}}

// WaitStatus is a child's status as wait4 returns it.
type WaitStatus struct{ Number }

// continued is the status of a child that was resumed by SIGCONT (__W_CONTINUED).
const continued = 0xffff

// Show shows the macros of sys/wait.h that apply to the status.
func (t WaitStatus) Show(c *Call, v View) {
	status := uint32(t.Number.Value(c, v))
	w := unix.WaitStatus(status & 0xffff)
	b := c.Alloc(128)[:0]
	switch {
	case status&0xff == 0x7f:
		sig := status >> 8 & 0xff
		b = appendSignal(append(b, "{WIFSTOPPED(s) && WSTOPSIG(s) == "...), sig&0x7f)
		if sig&0x80 != 0 {
			b = append(b, " | 0x80"...)
		}
		status &^= 0xffff
	case w.Signaled():
		b = appendSignal(append(b, "{WIFSIGNALED(s) && WTERMSIG(s) == "...), status&0x7f)
		if w.CoreDump() {
			b = append(b, " && WCOREDUMP(s)"...)
		}
		status &^= 0xff
	case status&0x7f == 0:
		b = strconv.AppendUint(append(b, "{WIFEXITED(s) && WEXITSTATUS(s) == "...), uint64(status>>8&0xff), 10)
		status &^= 0xff00
	case status == continued:
		b = append(b, "{WIFCONTINUED(s)"...)
		status = 0
	default:
		c.Out.Number(uint64(status), output.Hex)
		return
	}
	c.Out.Text(output.AsString(append(b, '}')))
	if event := status >> 16; event != 0 {
		c.Out.Join(output.Or)
		c.Out.Enum(uint64(event), &tables.PtraceEvent, output.Hex)
		c.Out.Shift(16, "", output.Unsigned)
		status &= 0xffff
	}
	if status != 0 {
		c.Out.Join(output.Or)
		c.Out.Number(uint64(status), output.Hex)
	}
}

// Ioprio is an I/O scheduling class and a priority within it.
type Ioprio struct{ Number }

// ioprioClassShift is IOPRIO_CLASS_SHIFT of linux/ioprio.h.
const ioprioClassShift = 13

func (t Ioprio) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(n, t.Base())
	c.Out.Named(output.NumbersInComment)
	ShowIoprio(c, n)
	c.Out.EndNamed()
}

// ShowIoprio shows an I/O priority: a class and a level.
func ShowIoprio(c *Call, n uint64) {
	n = uint64(uint32(n))
	c.Out.BeginMacro("IOPRIO_PRIO_VALUE")
	c.Out.Elem()
	c.Out.Enum(n>>ioprioClassShift, &tables.IoprioClass, output.Hex)
	c.Out.Elem()
	c.Out.Number(n&(1<<ioprioClassShift-1), output.Unsigned)
	c.Out.EndMacro()
}

// CPUSet is a set of processors of Size bytes.
type CPUSet struct {
	Unsized
	Size Num
}

// Show implements Type.
func (t *CPUSet) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// CType is the type in C, for lists of calls.
func (*CPUSet) CType() string { return "unsigned long" }

// Keep implements keeper of package lang.
func (t *CPUSet) Keep(k *Keeps) { k.Elements(t.Size, 1, SettingsOf(k.Decoder).Host().CPUSetSize()) }

// ShowAt implements Reader.
func (t *CPUSet) ShowAt(c *Call, addr uint64) { showCPUs(c, addr, t.Size.Num(c)) }

func showCPUs(c *Call, addr, size uint64) {
	if size == 0 {
		c.Out.BeginArray()
		c.Out.EndArray()
		return
	}
	n := min(size, SettingsOf(c.Decoder).Host().CPUSetSize())
	b, ok := c.ReadAll(addr, int(n))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginSet(false)
	for i, x := range b {
		for ; x != 0; x &= x - 1 {
			c.Out.Elem()
			c.Out.Number(uint64(8*i+bits.TrailingZeros8(x)), output.Unsigned)
		}
	}
	if n < size {
		c.Out.More()
	}
	c.Out.EndSet()
}

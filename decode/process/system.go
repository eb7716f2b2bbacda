package process

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// The system as a whole: kernel/sys.c, kernel/reboot.c, kernel/printk/printk.c,
// kernel/module/main.c, kernel/kexec.c, drivers/char/random.c.

var systemCalls = Calls{
	{"getrandom", Args{{"buf", Out(Binary(Result))}, {"buflen", Size}, {"flags", Flags(tables.GetrandomFlags)}}, RetUnsigned},
	{"uname", Args{{"buf", Out(utsname)}}, RetUnsigned},
	{"sethostname setdomainname", Args{{"name", Ptr(hostname)}, {"len", Uint}}, RetUnsigned},
	{"sysinfo", Args{{"info", Out(sysinfo)}}, RetUnsigned},
	{"getcpu", Args{{"cpu", Out(Uint)}, {"node", Out(Uint)}, {"tcache", Addr}}, RetUnsigned},
	{"reboot", Args{
		{"magic", Enum(tables.RebootMagic1)}, {"magic2", Enum(tables.RebootMagic2)}, {"op", Enum(tables.RebootCmd)},
		{"arg", When(Is(Ref("op"), unix.LINUX_REBOOT_CMD_RESTART2), Ptr(StrN(255)))},
	}, RetUnsigned},
	{"syslog", Args{
		{"type", syslogNumber{Int, tables.SyslogAction}},
		Rest(Ref("type"), tables.SyslogAction, Calls{
			{"SYSLOG_ACTION_CLOSE SYSLOG_ACTION_OPEN SYSLOG_ACTION_CLEAR SYSLOG_ACTION_CONSOLE_OFF SYSLOG_ACTION_CONSOLE_ON " +
				"SYSLOG_ACTION_SIZE_UNREAD SYSLOG_ACTION_SIZE_BUFFER", nil, Ret{}},
			{"SYSLOG_ACTION_READ SYSLOG_ACTION_READ_ALL SYSLOG_ACTION_READ_CLEAR", Args{{"bufp", Out(Buf(Result))}, {"len", Int}}, Ret{}},
			{"SYSLOG_ACTION_CONSOLE_LEVEL", Args{{"bufp", Addr}, {"len", syslogNumber{Int, tables.SyslogLevel}}}, Ret{}},
			{"", Args{{"bufp", Addr}, {"len", Int}}, Ret{}},
		}),
	}, RetUnsigned},

	{"init_module", Args{{"module_image", Addr}, {"len", Ulong}, {"param_values", String}}, RetUnsigned},
	{"finit_module", Args{{"fd", FD}, {"param_values", String}, {"flags", Flags(tables.ModuleInit)}}, RetUnsigned},
	{"delete_module", Args{{"name", String}, {"flags", Flags(tables.DeleteModule)}}, RetUnsigned},
	{"kexec_load", Args{
		{"entry", Addr}, {"nr_segments", Ulong}, {"segments", Ptr(kexecSegments)}, {"flags", kexecFlags{Xlong}},
	}, RetUnsigned},
	{"kexec_file_load", Args{
		{"kernel_fd", FD}, {"initrd_fd", FD}, {"cmdline_len", Ulong}, {"cmdline", Ptr(Buf(Ref("cmdline_len")))},
		{"flags", FlagsOf(Xlong, tables.KexecFileFlags)},
	}, RetUnsigned},
	{"iopl", Args{{"level", Int}}, RetUnsigned},
	{"ioperm", Args{{"from", Xlong}, {"num", Xlong}, {"turn_on", Int}}, RetUnsigned},
	{"_sysctl", Args{{"args", Ptr(sysctlArgs)}}, RetUnsigned},
	{"vhangup uretprobe uprobe", Args{}, RetUnsigned},
}

// Structs of old calls are not taken apart, as in strace.
var systemCallsI386 = Calls{
	{"olduname oldolduname", Args{{"buf", Xlong}}, RetUnsigned},
	{"bdflush", Args{{"func", Xlong}, {"data", Xlong}}, RetUnsigned},
	{"vm86old", Args{{"info", Xlong}}, RetUnsigned},
	{"vm86", Args{{"fn", Xlong}, {"v86", Xlong}, {"arg3", Xlong}, {"arg4", Xlong}, {"arg5", Xlong}}, RetUnsigned},
}

// sysctlArgs is a struct __sysctl_args (linux/sysctl.h).
var sysctlArgs = Struct(Fields{
	{"name", Addr}, {"nlen", Int}, {"oldval", Addr}, {"oldlenp", Addr}, {"newval", Addr}, {"newlen", Ulong},
	{"_", Array(Ulong, Const(4))},
})

// utsname is a struct new_utsname (linux/utsname.h).
var utsname = Struct(Fields{
	{"sysname", CharArray(utsLen + 1)}, {"nodename", CharArray(utsLen + 1)}, {"release", Verbose(CharArray(utsLen + 1))},
	{"version", Verbose(CharArray(utsLen + 1))}, {"machine", Verbose(CharArray(utsLen + 1))},
	{"domainname", Verbose(CharArray(utsLen + 1))},
})

const utsLen = 64 // __NEW_UTS_LEN

// hostname is a name of a length that the kernel takes.
var hostname = TextAt(func(c *Call, addr uint64) {
	if n := Ref("len").Num(c); n <= utsLen {
		c.ShowBytes(addr, n)
	} else {
		c.Out.Addr(addr)
	}
})

// sysinfo is a struct sysinfo (linux/sysinfo.h).
var sysinfo = Struct(Fields{
	{"uptime", KUlong}, {"loads", Array(KUlong, Const(3))}, {"totalram", KUlong}, {"freeram", KUlong}, {"sharedram", KUlong},
	{"bufferram", KUlong}, {"totalswap", KUlong}, {"freeswap", KUlong}, {"procs", U16}, {"_", U16},
	{"totalhigh", KUlong}, {"freehigh", KUlong}, {"mem_unit", Uint},
})

// syslogNumber is a number whose name stands in a comment.
type syslogNumber struct {
	*Number
	set *tables.Set
}

func (t syslogNumber) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.Number(n, output.Signed)
	if name, ok := t.set.Lookup(n); ok {
		c.Out.Comment(output.Note, name)
	} else {
		c.Out.Comment(output.Note, t.set.Unknown)
	}
}

// kexecSegments are the parts of a kernel (linux/kexec.h).
var kexecSegments = Array(kexecSegment, Within(Ref("nr_segments"), maxSegments))

const maxSegments = 16 // KEXEC_SEGMENT_MAX

var kexecSegment = Struct(Fields{{"buf", Addr}, {"bufsz", Ulong}, {"mem", Addr}, {"memsz", Ulong}})

// kexecFlags are an architecture, in the upper half of 32 bits, and flags.
type kexecFlags struct{ *Number }

const kexecArch = 0xffff0000 // KEXEC_ARCH_MASK

func (t kexecFlags) Show(c *Call, v View) {
	word := t.Value(c, v)
	c.Out.Enum(word&kexecArch, tables.KexecArch, output.Hex)
	if flags := word &^ kexecArch; flags != 0 {
		c.Out.Or()
		c.Out.Flags(flags, tables.KexecLoadFlags, output.Hex)
	}
}

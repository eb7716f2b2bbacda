package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// The system as a whole: kernel/sys.c, kernel/reboot.c, kernel/printk/printk.c,
// kernel/module/main.c, kernel/kexec.c, drivers/char/random.c.

var systemCalls = Calls{
	{"getrandom", Args{{"buf", &Out{To: &Bytes{Len: Result, Kind: Binary}}}, {"buflen", Size}, {"flags", &Flags{Set: &tables.GetrandomFlags}}}, RetUnsigned},
	{"uname", Args{{"buf", &Out{To: utsname}}}, RetUnsigned},
	{"sethostname setdomainname", Args{{"name", hostname}, {"len", Uint}}, RetUnsigned},
	{"sysinfo", Args{{"info", &Out{To: sysinfo}}}, RetUnsigned},
	{"getcpu", Args{{"cpu", &Out{To: Uint}}, {"node", &Out{To: Uint}}, {"tcache", Addr}}, RetUnsigned},
	{"reboot", Args{
		{"magic", &Enum{Set: &tables.RebootMagic1}}, {"magic2", &Enum{Set: &tables.RebootMagic2}}, {"op", &Enum{Set: &tables.RebootCmd}},
		{"arg", &When{If: &Is{N: Ref("op"), Values: Nums{tables.LINUX_REBOOT_CMD_RESTART2}}, Then: &Ptr{To: StrN(255)}}},
	}, RetUnsigned},
	{"syslog", Args{
		{"type", syslogNumber{Int, &tables.SyslogAction}},
		{"", &Rest{On: Ref("type"), Set: &tables.SyslogAction, Calls: Calls{
			{"SYSLOG_ACTION_CLOSE SYSLOG_ACTION_OPEN SYSLOG_ACTION_CLEAR SYSLOG_ACTION_CONSOLE_OFF SYSLOG_ACTION_CONSOLE_ON " +
				"SYSLOG_ACTION_SIZE_UNREAD SYSLOG_ACTION_SIZE_BUFFER", nil, nil},
			{"SYSLOG_ACTION_READ SYSLOG_ACTION_READ_ALL SYSLOG_ACTION_READ_CLEAR", Args{{"bufp", &Out{To: &Bytes{Len: Result}}}, {"len", Int}}, nil},
			{"SYSLOG_ACTION_CONSOLE_LEVEL", Args{{"bufp", Addr}, {"len", syslogNumber{Int, &tables.SyslogLevel}}}, nil},
			{"", Args{{"bufp", Addr}, {"len", Int}}, nil},
		}}},
	}, RetUnsigned},

	{"init_module", Args{{"module_image", Addr}, {"len", Ulong}, {"param_values", String}}, RetUnsigned},
	{"finit_module", Args{{"fd", FD}, {"param_values", String}, {"flags", &Flags{Set: &tables.ModuleInit}}}, RetUnsigned},
	{"delete_module", Args{{"name", String}, {"flags", &Flags{Set: &tables.DeleteModule}}}, RetUnsigned},
	{"kexec_load", Args{
		{"entry", Addr}, {"nr_segments", Ulong}, {"segments", &Ptr{To: kexecSegments}}, {"flags", kexecFlags{Xlong}},
	}, RetUnsigned},
	{"kexec_file_load", Args{
		{"kernel_fd", FD}, {"initrd_fd", FD}, {"cmdline_len", Ulong}, {"cmdline", &Ptr{To: &Bytes{Len: Ref("cmdline_len")}}},
		{"flags", &Flags{In: Xlong, Set: &tables.KexecFileFlags}},
	}, RetUnsigned},
	{"iopl", Args{{"level", Int}}, RetUnsigned},
	{"ioperm", Args{{"from", Xlong}, {"num", Xlong}, {"turn_on", Int}}, RetUnsigned},
	{"_sysctl", Args{{"args", &Ptr{To: sysctlArgs}}}, RetUnsigned},
	{"vhangup uretprobe uprobe", Args{}, RetUnsigned},
}

// As in strace, the structs of obsolete calls are not decoded.
var systemCallsI386 = Calls{
	{"olduname oldolduname", Args{{"buf", Xlong}}, RetUnsigned},
	{"bdflush", Args{{"func", Xlong}, {"data", Xlong}}, RetUnsigned},
	{"vm86old", Args{{"info", Xlong}}, RetUnsigned},
	{"vm86", Args{{"fn", Xlong}, {"v86", Xlong}, {"arg3", Xlong}, {"arg4", Xlong}, {"arg5", Xlong}}, RetUnsigned},
}

// sysctlArgs is a struct __sysctl_args (linux/sysctl.h).
var sysctlArgs = &Struct{C: "__sysctl_args", Fields: Fields{
	{"name", Addr}, {"nlen", Int}, {"oldval", Addr}, {"oldlenp", Addr}, {"newval", Addr}, {"newlen", Ulong},
	{"_", &Array{Of: Ulong, N: 4}},
}}

// utsname is a struct new_utsname (linux/utsname.h).
var utsname = &Struct{C: "new_utsname", Fields: Fields{
	{"sysname", CharArray(utsLen + 1)}, {"nodename", CharArray(utsLen + 1)}, {"release", Verbose{CharArray(utsLen + 1)}},
	{"version", Verbose{CharArray(utsLen + 1)}}, {"machine", Verbose{CharArray(utsLen + 1)}},
	{"domainname", Verbose{CharArray(utsLen + 1)}},
}}

const utsLen = 64 // __NEW_UTS_LEN

// hostname points to a name whose length is in len. The kernel does not read one that is
// too long.
var hostname = &Union{On: If{Test(hostnameFits)}, Arms: Arms{{&Ptr{To: &Bytes{Len: Ref("len")}}, Nums{1}}, {Addr, nil}}}

func hostnameFits(c *Call) bool { return Ref("len").Num(c) <= utsLen }

// sysinfo is a struct sysinfo (linux/sysinfo.h).
var sysinfo = &Struct{C: "sysinfo", Fields: Fields{
	{"uptime", KUlong}, {"loads", &Array{Of: KUlong, N: 3}}, {"totalram", KUlong}, {"freeram", KUlong}, {"sharedram", KUlong},
	{"bufferram", KUlong}, {"totalswap", KUlong}, {"freeswap", KUlong}, {"procs", U16}, {"_", U16},
	{"totalhigh", KUlong}, {"freehigh", KUlong}, {"mem_unit", Uint},
}}

// syslogNumber is a number with its name in a comment.
type syslogNumber struct {
	Number
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

// kexecSegments are the segments of a kernel image (linux/kexec.h).
var kexecSegments = &List{Of: kexecSegment, Count: Ref("nr_segments"), Most: maxSegments}

const maxSegments = 16 // KEXEC_SEGMENT_MAX

var kexecSegment = &Struct{C: "kexec_segment", Fields: Fields{{"buf", Addr}, {"bufsz", Ulong}, {"mem", Addr}, {"memsz", Ulong}}}

// kexecFlags are flags in the lower half of 32 bits, and an architecture in the
// upper half.
type kexecFlags struct{ Number }

const kexecArch = 0xffff0000 // KEXEC_ARCH_MASK

func (t kexecFlags) Show(c *Call, v View) {
	word := t.Value(c, v)
	c.Out.Enum(word&kexecArch, &tables.KexecArch, output.Hex)
	if flags := word &^ kexecArch; flags != 0 {
		c.Out.Join(output.Or)
		c.Out.Flags(flags, &tables.KexecLoadFlags, output.Hex)
	}
}

package file

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Watching files: fs/notify.

// fanClass is the bits of fanotify_init's flags that choose a class.
const fanClass = unix.FAN_CLASS_CONTENT | unix.FAN_CLASS_PRE_CONTENT

// fanInitFlags are the class and the flags of fanotify_init.
var fanInitFlags Type = Value32(func(c *Call, v uint32) {
	c.Out.Enum(uint64(v&fanClass), tables.FanotifyClass, output.Hex)
	if flags := v &^ fanClass; flags != 0 {
		c.Out.Or()
		c.Out.Flags(uint64(flags), tables.FanotifyInit, output.Hex)
	}
})

// fanDirFD is a directory's descriptor, or FAN_NOFD.
var fanDirFD Type = &orNoFD{Descriptor{Number: Int, Dir: true}}

type orNoFD struct{ Descriptor }

func (t *orNoFD) Show(c *Call, v View) {
	if fd := int32(t.Value(c, v)); fd == unix.FAN_NOFD {
		c.Out.Symbol(uint64(fd), "FAN_NOFD", output.Signed)
		return
	}
	t.Descriptor.Show(c, v)
}

var notifyCalls = Calls{
	{"inotify_init", nil, RetFD},
	{"inotify_init1", Args{{"flags", Flags(tables.InotifyInit)}}, RetFD},
	{"inotify_add_watch", Args{{"fd", FD}, {"pathname", Path}, {"mask", Flags(tables.InotifyMask)}}, RetUnsigned},
	{"inotify_rm_watch", Args{{"fd", FD}, {"wd", Int}}, RetUnsigned},
	{"fanotify_init", Args{{"flags", fanInitFlags}, {"event_f_flags", OpenFlags}}, RetFD},
	{"fanotify_mark", Args{{"fanotify_fd", FD}, {"flags", Flags(tables.FanotifyMark)},
		{"mask", FlagsOf(X64, tables.FanotifyEvents)}, {"dirfd", fanDirFD}, {"pathname", Path}}, RetUnsigned},
}

package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// File notification: fs/notify.

// fanClass masks the class in the flags of fanotify_init.
const fanClass = tables.FAN_CLASS_CONTENT | tables.FAN_CLASS_PRE_CONTENT

// showFanInitFlags shows the class and the flags of fanotify_init.
func showFanInitFlags(c *Call, v uint64) {
	c.Out.Enum(v&fanClass, &tables.FanotifyClass, output.Hex)
	if flags := v &^ fanClass; flags != 0 {
		c.Out.Join(output.Or)
		c.Out.Flags(flags, &tables.FanotifyInit, output.Hex)
	}
}

// fanDirFD is a directory descriptor or FAN_NOFD.
var fanDirFD = &orNoFD{Descriptor{Number: Int, Dir: true}}

type orNoFD struct{ Descriptor }

func (t *orNoFD) Show(c *Call, v View) {
	if fd := int32(t.Value(c, v)); fd == tables.FAN_NOFD {
		c.Out.Symbol(uint64(fd), "FAN_NOFD", output.Signed)
		return
	}
	t.Descriptor.Show(c, v)
}

var notifyCalls = Calls{
	{"inotify_init", nil, RetFD},
	{"inotify_init1", Args{{"flags", &Flags{Set: &tables.InotifyInit}}}, RetFD},
	{"inotify_add_watch", Args{{"fd", FD}, {"pathname", Path}, {"mask", &Flags{Set: &tables.InotifyMask}}}, RetUnsigned},
	{"inotify_rm_watch", Args{{"fd", FD}, {"wd", Int}}, RetUnsigned},
	{"fanotify_init", Args{{"flags", &Value{By: showFanInitFlags}}, {"event_f_flags", &OpenFlags}}, RetFD},
	{"fanotify_mark", Args{{"fanotify_fd", FD}, {"flags", &Flags{Set: &tables.FanotifyMark}},
		{"mask", &Flags{In: X64, Set: &tables.FanotifyEvents}}, {"dirfd", fanDirFD}, {"pathname", Path}}, RetUnsigned},
}

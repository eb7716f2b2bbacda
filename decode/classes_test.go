package decode

import (
	"reflect"
	"testing"

	"trapline/decode/internal/walk"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/tables"
)

// otherClasses are calls with a path or a descriptor that are not in the class
// of such calls, and why. None of them is in strace 7.2 either.
var otherClasses = map[string]string{
	"bpf":         "%desc: only some commands have a path, to a file below /sys/fs/bpf",
	"quotactl_fd": "%desc: only Q_QUOTAON has a path, which this call does not open",
	"mq_open":     "%desc: its path is the name of a queue and not of a file",
	"mq_unlink":   "no class: its path is the name of a queue and not of a file",
	"io_cancel":   "no class: the descriptor is that of the request to cancel and is not used",
	"statmount":   "no class: the descriptor is in a struct, refers to a mount namespace, and is optional",
	"listmount":   "no class: the same as statmount",
}

// TestClassesOfFiles finds calls with a path or a descriptor that are not in the
// class of such calls, %file or %desc: neither this class nor -P would select
// them.
func TestClassesOfFiles(t *testing.T) {
	class := func(name string) tables.Class {
		c, ok := tables.ClassByName(name)
		if !ok {
			t.Fatalf("no class is called %s", name)
		}
		return c
	}
	pathClasses, fdClasses := class("file"), class("desc")|class("network")
	var paths, fds int
	used := make(map[string]bool)
	for _, abi := range tables.ABIs {
		for row := range tables.Syscalls(abi) {
			d := description(abi, row.Name)
			if d == nil {
				continue
			}
			path, fd := filesIn(d)
			missing := func(what, class string) {
				if used[row.Name] = true; otherClasses[row.Name] == "" {
					t.Errorf("%v: %s has a %s but is not in %s", abi, row.Name, what, class)
				}
			}
			if path {
				paths++
				if row.Classes&pathClasses == 0 {
					missing("path", "%file")
				}
			}
			if fd {
				fds++
				if row.Classes&fdClasses == 0 {
					missing("descriptor", "%desc")
				}
			}
		}
	}
	for name := range otherClasses {
		if !used[name] {
			t.Errorf("%s is in its classes, and need not be in otherClasses", name)
		}
	}
	if paths < 200 || fds < 400 {
		t.Errorf("only %d calls with paths and %d with descriptors", paths, fds)
	}
}

// filesIn reports whether paths and descriptors are among a call's arguments, or
// are its result. Those that only Go functions know of are not found.
func filesIn(d *lang.Desc) (path, fd bool) {
	walk.All(func(v reflect.Value) {
		switch v.Type() {
		case reflect.TypeOf(lang.Path):
			kind := v.Uint()
			path = path || kind != uint64(lang.LinkTarget) && kind != uint64(lang.String)
		case reflect.TypeFor[lang.UsedPath]():
			path = true
		case reflect.TypeOf(lang.AnyFile):
			path = path || v.Uint() == uint64(lang.AnyFile)
		case reflect.TypeFor[lang.BytesKind]():
			path = path || lang.BytesKind(v.Uint()) == lang.FilePath
		case reflect.TypeFor[kernel.Word]():
			switch kernel.Word(v.Uint()) {
			case kernel.FD, kernel.FD64, kernel.DirFD, kernel.RetFD,
				kernel.SourceFD, kernel.SinkFD, kernel.ChangedFD, kernel.EnteredFD, kernel.NewFD, kernel.ClosedFD, kernel.ReplacedFD,
				kernel.ListenFD, kernel.ConnectFD, kernel.BindFD:
				fd = true
			}
		case reflect.TypeFor[kernel.Descriptor]():
			fd = true
		}
	}, d.Args, d.Ret)
	return path, fd
}

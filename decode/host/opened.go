package host

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Opened is a descriptor of a process.
type Opened struct {
	Process, FD int
}

// Descriptors are the descriptors of all processes at one moment, by what they refer to.
type Descriptors struct {
	l     *Local
	named map[string][]Opened // by the text of their links
	// Complete says that the descriptors of all processes could be read.
	Complete bool
}

// AllDescriptors reads the descriptors of all processes. A thread with a table of its
// own counts as a process.
func (l *Local) AllDescriptors() *Descriptors {
	d := &Descriptors{l: l, named: make(map[string][]Opened), Complete: l.seesAll()}
	for _, pid := range l.Processes() {
		d.add(pid)
		threads := l.Threads(pid)
		if len(threads) < 2 {
			continue
		}
		for _, tid := range threads {
			if same, known := l.sameDescriptors(pid, tid); known && !same {
				d.add(tid)
			}
		}
	}
	return d
}

// add reads the descriptors of a process.
func (d *Descriptors) add(process int) {
	b := make([]byte, unix.PathMax)
	dir := string(d.l.pathOf(process, "/fd"))
	if unix.Access(dir, unix.R_OK) == unix.EACCES {
		d.Complete = false
		return
	}
	for _, fd := range numberedDirs(dir) {
		if name := d.l.Descriptor(b, process, fd); name != nil {
			d.named[string(name)] = append(d.named[string(name)], Opened{process, fd})
		}
	}
}

// Of lists the descriptors whose link has this text, such as "pipe:[4711]".
func (d *Descriptors) Of(link string) []Opened { return d.named[link] }

// OfFile lists all descriptors of the file behind a descriptor, whatever names they show.
func (d *Descriptors) OfFile(process, fd int) (found []Opened) {
	st, ok := d.l.remembered(process, fd)
	if !ok {
		return nil
	}
	f := File{Inode: st.Ino, Device: unix.Mkdev(st.Dev_major, st.Dev_minor)}
	return d.withName(func(o Opened) bool { return f.is(string(d.l.pathOfFD(o.Process, "/fd/", o.FD))) })
}

// OfInode lists the descriptors of files with this inode number, on any file system.
func (d *Descriptors) OfInode(inode uint64) []Opened {
	return d.withName(func(o Opened) bool {
		n, ok := d.l.Inode(o.Process, o.FD)
		return ok && n == inode
	})
}

// withName lists the descriptors of some files that have names.
func (d *Descriptors) withName(fits func(Opened) bool) (found []Opened) {
	for link, all := range d.named {
		if !strings.HasPrefix(link, "/") {
			continue
		}
		for _, o := range all {
			if fits(o) {
				found = append(found, o)
			}
		}
	}
	slices.SortFunc(found, func(a, b Opened) int { return cmp.Or(a.Process-b.Process, a.FD-b.FD) })
	return found
}

// With selects the descriptors whose fdinfo has this value in its line key.
func (d *Descriptors) With(all []Opened, key, value string) (found []Opened) {
	b := make([]byte, 1<<14)
	for _, o := range all {
		if string(Field(d.l.DescriptorInfo(b, o.Process, o.FD), key)) == value {
			found = append(found, o)
		}
	}
	return found
}

// StatusFlags reads the flags that a descriptor was opened with, such as O_WRONLY.
func (l *Local) StatusFlags(process, fd int) (flags int, ok bool) {
	n, err := strconv.ParseUint(string(Field(l.DescriptorInfo(make([]byte, 1<<14), process, fd), "flags:")), 8, 32)
	return int(n), err == nil
}

// Watched is a descriptor in an epoll instance.
type Watched struct {
	FD     int
	Events uint32
	Inode  uint64 // of the file that it referred to when it was added; 0 if unknown
}

// Watches lists the descriptors that an epoll instance watches.
func (l *Local) Watches(process, fd int) []Watched {
	return parseWatches(readFile(string(l.pathOfFD(process, "/fdinfo/", fd)), 1<<20))
}

func parseWatches(info []byte) (all []Watched) {
	for line := range bytes.Lines(info) {
		f := strings.Fields(string(line))
		if len(f) < 4 || f[0] != "tfd:" || f[2] != "events:" {
			continue
		}
		n, err1 := strconv.Atoi(f[1])
		events, err2 := strconv.ParseUint(f[3], 16, 32)
		if err1 != nil || err2 != nil {
			continue
		}
		w := Watched{FD: n, Events: uint32(events)}
		for _, s := range f[4:] {
			if digits, ok := strings.CutPrefix(s, "ino:"); ok {
				w.Inode, _ = strconv.ParseUint(digits, 16, 64)
			}
		}
		all = append(all, w)
	}
	return all
}

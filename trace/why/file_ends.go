//go:build linux && amd64

package why

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	"trapline/output"
	"trapline/tables"
)

// end says who is at the other end of a file.
type end struct {
	what    string // what is waited for
	on      []target
	closed  bool // nobody else has the other end
	unseen  bool // there may be others that trapline cannot see
	limited bool // the wait may end after some time
}

func (q *Inquiry) allDescriptors() *host.Descriptors {
	if q.descriptors == nil {
		q.descriptors = q.host.AllDescriptors()
	}
	return q.descriptors
}

// processes are the processes that have certain descriptors.
func (q *Inquiry) processes(all []host.Opened) (found []target) {
	own := target{process: q.o.Own}
	for _, o := range all {
		if on := (target{process: o.Process}); !slices.Contains(found, on) {
			found = append(found, on)
		}
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(on target) bool { return on == own })
	}
	return found
}

// number reads a line of fdinfo; 0 if there is no such line.
func number(info []byte, key string) int {
	n, _ := strconv.Atoi(string(host.Field(info, key)))
	return n
}

// endOf finds the other end of a file that a thread reads from, or sends to.
func (q *Inquiry) endOf(t *thread, fd int, sending bool) end {
	link := string(q.host.Descriptor(make([]byte, unix.PathMax), t.TID, fd))
	info := func(process, fd int) []byte { return q.host.DescriptorInfo(make([]byte, 1<<14), process, fd) }
	what := "data in "
	if sending {
		what = "room in "
	}
	inode, isSocket := host.NumberIn(link, "socket")
	file, _ := q.host.FileType(t.TID, fd)
	switch {
	case file.Mode&unix.S_IFMT == unix.S_IFIFO:
		return q.endOfPipe(t, fd, link, what+link, sending)
	case isSocket:
		return q.endOfSocket(t, fd, inode, sending)
	case link == "anon_inode:[eventfd]":
		id := string(host.Field(info(t.TID, fd), "eventfd-id:"))
		if id == "" {
			return end{what: "an eventfd"}
		}
		d := q.allDescriptors()
		return end{what: "eventfd " + id, on: q.processes(d.With(d.Of(link), "eventfd-id:", id))}
	case link == "anon_inode:[timerfd]":
		return end{what: "a timerfd", limited: true}
	case link == "anon_inode:[signalfd]":
		return end{what: "a signal"}
	case link == "anon_inode:inotify":
		return end{what: "a change that inotify reports"}
	case link == "anon_inode:[pidfd]":
		if found := q.processBehind(t, fd); found != 0 {
			return end{what: "the end of a process", on: []target{{process: found}}, closed: true}
		}
	case link == "anon_inode:[eventpoll]":
		return end{what: "an epoll instance"}
	case file.Mode&unix.S_IFMT == unix.S_IFCHR:
		return q.endOfDevice(t, fd, link, file.Device, what+link)
	}
	return end{}
}

// processBehind returns the process that a pidfd refers to; 0 if it is not known.
func (q *Inquiry) processBehind(t *thread, fd int) int {
	pid := number(q.host.DescriptorInfo(make([]byte, 4096), t.TID, fd), "Pid:")
	return max(pid, 0)
}

// endOfPipe finds the processes at the other end of a pipe. If the pipe has a name, others
// may open it.
func (q *Inquiry) endOfPipe(t *thread, fd int, link, what string, sending bool) end {
	d := q.allDescriptors()
	e := end{what: what, closed: d.Complete, unseen: !d.Complete}
	all := d.Of(link)
	if !strings.HasPrefix(link, "pipe:[") {
		e.closed = false
		all = d.OfFile(t.TID, fd)
	}
	other := unix.O_WRONLY
	if sending {
		other = unix.O_RDONLY
	}
	all = slices.DeleteFunc(slices.Clone(all), func(o host.Opened) bool { return !q.opensFor(o, other) })
	e.on = q.processes(all)
	return e
}

// opensFor reports whether a descriptor is open for mode, O_RDONLY or O_WRONLY.
func (q *Inquiry) opensFor(o host.Opened, mode int) bool {
	flags, ok := q.host.StatusFlags(o.Process, o.FD)
	return ok && (flags&unix.O_ACCMODE == mode || flags&unix.O_ACCMODE == unix.O_RDWR)
}

// endOfSocket finds the processes at the other end of a socket, if they are on this
// machine.
func (q *Inquiry) endOfSocket(t *thread, fd int, inode uint64, sending bool) end {
	protocol := string(q.host.SocketProtocol(make([]byte, 64), t.TID, fd))
	what, from := "data from ", ""
	if sending {
		what = "room at "
	}
	if !q.host.SameNetwork(t.TGID) {
		return end{}
	}
	e := end{limited: true}
	if limited, known := q.host.Timeout(t.TGID, fd, sending); known {
		e.limited = limited
	}
	d := q.allDescriptors()
	switch {
	case strings.HasPrefix(protocol, "UNIX"):
		s, ok := q.host.UnixSocket(inode)
		switch {
		case !ok:
			return end{}
		case s.State == host.TCPListen:
			e.what = "a connection to " + unixName(s.Name)
			return e
		case s.Peer == 0:
			e.what = "data for " + unixName(s.Name)
			return e
		}
		from = fmt.Sprintf("socket:[%d]", s.Peer)
	case strings.HasPrefix(protocol, "TCP"):
		own, peer := q.connection(inode)
		switch {
		case own == nil:
			return end{}
		case own.State == host.TCPListen:
			e.what = "a connection to " + own.Local.String()
			return e
		case peer == nil:
			e.what = what + own.Remote.String()
			return e
		}
		e.what = what + own.Remote.String()
		from = fmt.Sprintf("socket:[%d]", peer.Inode)
	case strings.HasPrefix(protocol, "UDP"):
		return end{what: "a datagram", limited: e.limited}
	default:
		return end{}
	}
	if e.what == "" {
		e.what = what + from
	}
	e.on = q.processes(d.Of(from))
	e.closed, e.unseen = d.Complete && len(e.on) > 0, !d.Complete
	return e
}

// unixName is the name of a socket as -yy shows it.
func unixName(name []byte) string {
	switch {
	case len(name) == 0:
		return "a socket without a name"
	case name[0] == 0:
		return "@" + strconv.Quote(string(name[1:]))
	}
	return strconv.Quote(strings.TrimRight(string(name), "\x00"))
}

// connection finds a TCP socket by its inode, and the one at its other end. Each is nil if
// it is not on this machine.
func (q *Inquiry) connection(inode uint64) (own, peer *host.Connection) {
	all := q.connections()
	i := slices.IndexFunc(all, func(c host.Connection) bool { return c.Inode == inode })
	if i < 0 {
		return nil, nil
	}
	own = &all[i]
	if own.Remote.Port() == 0 {
		return own, nil
	}
	j := slices.IndexFunc(all, func(c host.Connection) bool {
		return c.Inode != 0 && c.State != host.TCPListen && c.Local == own.Remote && c.Remote == own.Local
	})
	if j < 0 {
		return own, nil
	}
	return own, &all[j]
}

func (q *Inquiry) connections() []host.Connection {
	if !q.hasTCP {
		q.tcp, q.hasTCP = q.host.Connections(unix.IPPROTO_TCP), true
	}
	return q.tcp
}

// listeners finds the processes that listen on an address.
func (q *Inquiry) listeners(at netip.AddrPort) []target {
	var found []target
	for _, c := range q.connections() {
		if c.State == host.TCPListen && c.Local.Port() == at.Port() && (c.Local.Addr() == at.Addr() || c.Local.Addr().IsUnspecified()) {
			found = append(found, q.processes(q.allDescriptors().Of(fmt.Sprintf("socket:[%d]", c.Inode)))...)
		}
	}
	return found
}

// waitsToConnect explains connect, whose address says whom the thread waits for.
func (q *Inquiry) waitsToConnect(t *thread) {
	inode, ok := host.NumberIn(string(q.host.Descriptor(make([]byte, 128), t.TID, int(int32(t.args[0])))), "socket")
	if !ok || !q.host.SameNetwork(t.TGID) {
		return
	}
	if own, _ := q.connection(inode); own != nil && own.Remote.Port() != 0 {
		t.wait.For, t.limited = "an answer from "+own.Remote.String(), true
		q.waitsOn(t, q.listeners(own.Remote)...)
		return
	}
	n := min(t.args[2], 128)
	b := make([]byte, n)
	if q.memoryOf(t).ReadMemory(t.args[1], b) != len(b) || len(b) < 3 || b[0] != unix.AF_UNIX || b[1] != 0 {
		return
	}
	name := b[2:]
	var found uint64
	var s host.UnixSocket
	if name[0] == 0 {
		found, s, ok = q.host.UnixNamed(name)
	} else {
		name = []byte(unix.ByteSliceToString(name))
		w := q.host.Walk(t.TID, unix.AT_FDCWD, string(name), false, nil)
		if ok = w.Obstacle == host.Found; ok {
			found, s, ok = q.host.UnixBound(&w.File)
		}
	}
	t.wait.For = "room in the queue of " + unixName(name)
	if ok && s.State == host.TCPListen {
		q.waitsOn(t, q.processes(q.allDescriptors().Of(fmt.Sprintf("socket:[%d]", found)))...)
		t.wait.More = !q.allDescriptors().Complete
	}
}

// endOfDevice finds the other end of a pseudoterminal.
func (q *Inquiry) endOfDevice(t *thread, fd int, link string, device uint64, what string) end {
	const ptsFirst, ptsLast = 136, 143 // majors of their slaves
	d := q.allDescriptors()
	major := unix.Major(device)
	switch {
	case device == unix.Mkdev(5, 2): // /dev/ptmx
		index := string(host.Field(q.host.DescriptorInfo(make([]byte, 4096), t.TID, fd), "tty-index:"))
		if index == "" {
			return end{}
		}
		slaves := slices.DeleteFunc(slices.Clone(d.Of("/dev/pts/"+index)), func(o host.Opened) bool {
			return !q.samePTS(host.Opened{Process: t.TID, FD: fd}, o)
		})
		return end{what: "data in /dev/pts/" + index, on: q.processes(slaves)}
	case ptsFirst <= major && major <= ptsLast:
		number := strconv.Itoa(int(major-ptsFirst)<<20 | int(unix.Minor(device)))
		masters := slices.DeleteFunc(slices.Concat(d.Of("/dev/ptmx"), d.Of("/dev/pts/ptmx")), func(o host.Opened) bool {
			return !q.samePTS(o, host.Opened{Process: t.TID, FD: fd})
		})
		return end{what: what, on: q.processes(d.With(masters, "tty-index:", number))}
	case major == 4 || major == 5:
		return end{what: what}
	}
	return end{}
}

// samePTS reports whether the two sides of a pseudoterminal may belong to one instance of
// devpts. Each instance numbers its own terminals, and /dev/ptmx opens one of the instance
// that its process has mounted.
func (q *Inquiry) samePTS(master, slave host.Opened) bool {
	m, ok1 := q.host.OpenFile(master.Process, master.FD)
	s, ok2 := q.host.OpenFile(slave.Process, slave.FD)
	if !ok1 || !ok2 || m.Device == s.Device {
		return ok1 && ok2
	}
	w := q.host.Walk(master.Process, unix.AT_FDCWD, "/dev/pts", false, nil)
	return w.Obstacle == host.Found && w.File.Device == s.Device
}

// waitsToOpen explains open of a FIFO, which waits until somebody opens the other end.
func (q *Inquiry) waitsToOpen(t *thread) {
	f := q.filesOf(t)
	if len(f.paths) != 1 {
		return
	}
	w := q.host.Walk(t.TID, f.paths[0].dir, f.paths[0].name, f.paths[0].link, nil)
	if w.Obstacle != host.Found || w.File.Mode&unix.S_IFMT != unix.S_IFIFO {
		return
	}
	flags := t.args[1]
	switch t.name {
	case "openat":
		flags = t.args[2]
	case "openat2":
		flags, _ = q.memoryOf(t).word(t.args[2], 8)
	}
	other := "reader"
	if flags&unix.O_ACCMODE == unix.O_RDONLY {
		other = "writer"
	}
	t.wait.For = fmt.Sprintf("a %s of %s", other, w.Name)
}

// mountOf finds the mount of a kind that a call uses, through its descriptors and paths.
// It returns false unless there is exactly one.
func (q *Inquiry) mountOf(t *thread, kind string) (found host.Mount, ok bool) {
	f := q.filesOf(t)
	var ids []uint64
	for _, p := range f.paths {
		if w := q.host.Walk(t.TID, p.dir, p.name, p.link, nil); w.File.Mount != 0 {
			ids = append(ids, w.File.Mount)
		} else if id, ok := q.host.MountAbove(t.TID, p.dir, p.name); ok {
			ids = append(ids, id)
		}
	}
	for _, fd := range f.fds {
		if id := number(q.host.DescriptorInfo(make([]byte, 4096), t.TID, fd), "mnt_id:"); id > 0 {
			ids = append(ids, uint64(id))
		}
	}
	for _, id := range ids {
		m, mounted := q.host.Mount(t.TID, id)
		switch {
		case !mounted || m.Kind != kind && !strings.HasPrefix(m.Kind, kind+".") && m.Kind != kind+"4" && m.Kind != kind+"blk":
		case ok && m.Device != found.Device:
			return host.Mount{}, false
		default:
			found, ok = m, true
		}
	}
	return found, ok
}

// watched starts the output about a descriptor.
func (q *Inquiry) watched(w watch, path string, names *tables.Set) output.WatchedFile {
	return output.WatchedFile{FD: w.fd, Path: path, Events: eventNames(w.events, names)}
}

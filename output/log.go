package output

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Destination says where a trace is written.
type Destination struct {
	// Name is a file, "|command" or "!command" for a shell command that is
	// fed the trace, or empty for standard error.
	Name     string
	Append   bool // to a file that exists, -A
	Separate bool // one file for each tracee, Name.pid, --output-separately
}

// Piped says that the trace is fed to a command.
func (d Destination) Piped() bool {
	return strings.HasPrefix(d.Name, "|") || strings.HasPrefix(d.Name, "!")
}

// Log is where the Traces of one session are written. Its methods, and those of
// its Traces, are for one goroutine; another one, the Log's own, writes
// out what has been waiting.
type Log struct {
	options Options
	dest    Destination
	shared  *file // nil with Separate
	live    int   // Traces not closed
	clock   clock

	pipe   *exec.Cmd // fed by shared, or nil
	stderr *file     // shared, if the trace goes to standard error

	share   int64         // how many files may be open
	opened  atomic.Int64  // how many are
	writes  atomic.Uint64 // numbers them, so that the oldest is known
	opening sync.Mutex    // held while a file is opened

	err    atomic.Pointer[error] // the first one
	mu     sync.Mutex            // files
	files  []*file
	asleep atomic.Bool
	wake   chan struct{}
	done   chan struct{}
}

// flushDelay is how long what is written may wait for more.
const flushDelay = 100 * time.Millisecond

// OpenLog opens the destination. The error is one of the os package, with the
// name of the file.
func OpenLog(d Destination, o Options) (*Log, error) {
	l := &Log{
		options: o,
		dest:    d,
		share:   descriptorShare(),
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	if !d.Separate || d.Name == "" {
		l.dest.Separate = false
		w, err := l.open()
		if err != nil {
			return nil, err
		}
		l.shared = l.newFile(w)
		if d.Name == "" {
			l.stderr = l.shared
			// The tracee's own messages come out there too and are to be
			// in order, unless nobody reads them.
			l.shared.prompt = !isNull(w)
		}
	}
	l.asleep.Store(true)
	go l.flusher()
	return l, nil
}

func (l *Log) open() (*os.File, error) {
	name := l.dest.Name
	switch {
	case name == "":
		// A descriptor of its own: Go dies of SIGPIPE when a write to
		// descriptor 2 itself fails.
		fd, err := unix.FcntlInt(uintptr(syscall.Stderr), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, &os.PathError{Op: "dup", Path: "/dev/stderr", Err: err}
		}
		return os.NewFile(uintptr(fd), "/dev/stderr"), nil
	case l.dest.Piped():
		l.pipe = exec.Command("/bin/sh", "-c", name[1:])
		l.pipe.Stdout, l.pipe.Stderr = os.Stdout, os.Stderr
		runAsCaller(l.pipe)
		var ends [2]int
		if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
			return nil, &os.PathError{Op: "pipe", Path: name, Err: err}
		}
		r, w := os.NewFile(uintptr(ends[0]), name), os.NewFile(uintptr(ends[1]), name)
		defer r.Close()
		l.pipe.Stdin = r
		// Not on this thread: a tracer on it would wait for the child.
		started := make(chan error)
		go func() { started <- l.pipe.Start() }()
		if err := <-started; err != nil {
			w.Close()
			return nil, err
		}
		return w, nil
	}
	return l.create(name)
}

func (l *Log) create(name string) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE
	if l.dest.Append {
		flags |= os.O_APPEND
	} else {
		flags |= os.O_TRUNC
	}
	return l.openFile(name, flags)
}

// Trace starts the record of a tracee. The error is that of creating its own
// file, with Destination.Separate.
func (l *Log) Trace(pid int) (Trace, error) {
	out := l.shared
	if out == nil {
		w, err := l.create(l.dest.Name + "." + strconv.Itoa(pid))
		if err != nil {
			return nil, err
		}
		out = l.newFile(w)
	}
	l.live++
	if l.options.JSON {
		return newJSON(l, out, pid), nil
	}
	return newText(l, out, pid), nil
}

// Write adds text of the tracer's own, whole lines, to the trace: the summary
// table, for one. With Separate it goes to standard error.
func (l *Log) Write(b []byte) (int, error) {
	if l.shared == nil {
		return os.Stderr.Write(b)
	}
	l.shared.interrupt()
	l.shared.write(b)
	return len(b), l.Err()
}

// Message writes a line to standard error, such as "trapline: Process 1
// attached". When the trace goes there too it stays in order, and a call's line
// that is not yet finished is left as <unfinished ...>.
func (l *Log) Message(line string) {
	if l.stderr == nil {
		os.Stderr.WriteString(line + "\n")
		return
	}
	l.stderr.interrupt()
	l.stderr.write([]byte(line + "\n"))
	l.stderr.flush()
}

// Terminal says whether the trace is shown on a terminal.
func (l *Log) Terminal() bool { return l.shared != nil && l.shared.tty }

// Color sets Options.Palette, which depends on Terminal.
func (l *Log) Color(p *Palette) { l.options.Palette = p }

// PipePID is the process id of the shell that the trace is piped to, or 0. It
// is a child of this process that is not a tracee.
func (l *Log) PipePID() int {
	if l.pipe == nil {
		return 0
	}
	return l.pipe.Process.Pid
}

// Flush writes out what is buffered.
func (l *Log) Flush() {
	l.mu.Lock()
	files := l.files
	l.mu.Unlock()
	for _, f := range files {
		f.flush()
	}
}

// Err is the first error in writing (a full disk, a closed pipe), with the name
// of the file; nil as long as all is well. It is cheap, to be asked after each record.
func (l *Log) Err() error {
	if err := l.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (l *Log) fail(err error) { l.err.CompareAndSwap(nil, &err) }

// Close writes out what is buffered, closes the files and waits for the command of a pipe.
func (l *Log) Close() error {
	close(l.done)
	for len(l.files) > 0 {
		l.files[0].close()
	}
	if l.pipe != nil {
		// How the command ends is its own affair; and the tracer, which waits
		// for any child, may have been told before.
		l.pipe.Wait()
	}
	return l.Err()
}

// flusher sleeps until something has been written, gives more of it the time to
// come, and writes it out.
func (l *Log) flusher() {
	timer := time.NewTimer(flushDelay)
	defer timer.Stop()
	for {
		select {
		case <-l.wake:
		case <-l.done:
			return
		}
		timer.Reset(flushDelay)
		select {
		case <-timer.C:
		case <-l.done:
			return
		}
		l.asleep.Store(true)
		l.Flush()
	}
}

// file is a destination with a buffer.
type file struct {
	log    *Log
	name   string
	w      *os.File
	fd     int // of w
	tty    bool
	prompt bool // write out whenever a call is entered

	// open is the Trace whose line is at the end of the file and is not
	// finished. It is for the Log's user, not for the flusher.
	open *text

	mu    sync.Mutex
	buf   []byte
	out   sync.Mutex // held while writing out, taken before mu
	spare []byte

	reopens bool        // may be closed and opened again by its name
	opened  atomic.Bool // w is open; changed while out is held
	written uint64      // Log.writes when it was last written
}

// bufferSize is what may wait in a buffer before it is written out, in bytes.
const bufferSize = 64 << 10

func (l *Log) newFile(w *os.File) *file {
	f := &file{log: l, name: w.Name(), reopens: l.dest.Separate && isRegular(w)}
	f.setDescriptor(w)
	f.written = l.writes.Add(1)
	f.tty = isTerminal(f.fd)
	f.prompt = f.tty
	l.mu.Lock()
	l.files = append(l.files[:len(l.files):len(l.files)], f)
	l.mu.Unlock()
	return f
}

// write takes b into the buffer.
func (f *file) write(b []byte) {
	if len(b) == 0 {
		return
	}
	f.mu.Lock()
	f.buf = append(f.buf, b...)
	n := len(f.buf)
	f.mu.Unlock()
	if n >= bufferSize || f.prompt && f.log.options.Sparse && b[len(b)-1] == '\n' {
		f.flush()
	} else if f.log.asleep.Load() && f.log.asleep.CompareAndSwap(true, false) {
		f.log.wake <- struct{}{}
	}
}

// flush writes out the buffer. Whoever fills it up meanwhile need not wait.
func (f *file) flush() {
	f.out.Lock()
	defer f.out.Unlock()
	f.mu.Lock()
	b := f.buf
	f.buf = f.spare
	f.mu.Unlock()
	f.spare = kept(b)
	if len(b) == 0 || f.log.err.Load() != nil {
		return
	}
	if err := f.needDescriptor(); err != nil {
		f.log.fail(err)
		return
	}
	if err := writeAll(f.fd, b); err != nil {
		f.log.fail(&os.PathError{Op: "write", Path: f.name, Err: err})
	}
}

// writeAll waits where a tracee that shares the descriptor has set O_NONBLOCK.
func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		switch err {
		case nil:
			b = b[n:]
		case unix.EAGAIN:
			_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
			if err != nil && err != unix.EINTR {
				return err
			}
		case unix.EINTR:
		default:
			return err
		}
	}
	return nil
}

// kept is a buffer to be used again, but not one that an extraordinary line has
// made large for ever.
func kept(b []byte) []byte {
	if cap(b) > 16*bufferSize {
		return nil
	}
	return b[:0]
}

// interrupt ends a line that is not finished.
func (f *file) interrupt() {
	if f.open != nil {
		f.open.unfinished()
	}
}

func (f *file) close() {
	f.interrupt()
	f.flush()
	f.out.Lock()
	f.closeDescriptor()
	f.out.Unlock()
	l := f.log
	l.mu.Lock()
	defer l.mu.Unlock()
	var rest []*file
	for _, other := range l.files {
		if other != f {
			rest = append(rest, other)
		}
	}
	l.files = rest
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// isRegular says whether f is a regular file.
func isRegular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// isNull says whether f is the null device.
func isNull(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode()&os.ModeCharDevice != 0 && stat.Rdev == unix.Mkdev(1, 3)
}

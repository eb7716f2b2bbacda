package output

import (
	"bytes"
	"io"
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
	// Name is a file, or "|command" or "!command" for a shell command that
	// reads the trace, or empty for standard error.
	Name     string
	Append   bool // append to an existing file, -A
	Separate bool // one file for each tracee, Name.pid, --output-separately
	Rotate   Rotation

	// ReopenFailed is called, from any goroutine, with the error of a file that Log.Reopen
	// cannot open. The trace continues in the previous one.
	ReopenFailed func(error)

	// Writer, if not nil, replaces Name. It is called from another goroutine,
	// until Log.Close has returned.
	Writer io.Writer
}

// Piped reports whether the trace goes to a command.
func (d Destination) Piped() bool {
	return strings.HasPrefix(d.Name, "|") || strings.HasPrefix(d.Name, "!")
}

// Log is the destination of all Records of one session. Its methods, and those
// of its Records, must be used by one goroutine. The Log has a second goroutine
// of its own, which writes buffers out.
type Log struct {
	options Options
	dest    Destination
	shared  *file     // nil with Separate
	live    int       // Records not closed
	last    time.Time // time of the previous line, with Options.Relative

	memory memory // with Options.Keep

	pipe   *exec.Cmd     // the command that reads shared, or nil
	copied chan struct{} // closed when all of shared is in Destination.Writer; or nil
	stderr *file         // shared, if the trace goes to standard error

	size    uint64        // bytes written to all files
	share   int64         // limit of open files
	opened  atomic.Int64  // number of open files
	writes  atomic.Uint64 // counts writes, to find the oldest file
	opening sync.Mutex    // held while a file is opened

	err    atomic.Pointer[error] // the first one
	mu     sync.Mutex            // files
	files  []*file
	asleep atomic.Bool
	wake   chan struct{}
	done   chan struct{}
}

// flushDelay is how long buffered data may wait for more.
const flushDelay = 100 * time.Millisecond

// holdDelay is how long the line of a call in progress is not shown on a terminal.
const holdDelay = 50 * time.Millisecond

// OpenLog opens the destination. The error is from the os package and has the
// name of the file.
func OpenLog(d Destination, o Options) (*Log, error) {
	l := &Log{
		options: o,
		dest:    d,
		share:   descriptorShare(),
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	l.asleep.Store(true)
	l.options.setClocks()
	if !d.Separate || d.Name == "" || d.Writer != nil || o.Keep > 0 {
		l.dest.Separate = false
		w, err := l.open()
		if err != nil {
			return nil, err
		}
		l.shared = l.newFile(w)
		if d.Name == "" && d.Writer == nil {
			l.stderr = l.shared
			// The tracee's own messages go there as well, and the order must be kept,
			// unless nobody reads them.
			l.shared.prompt = !isNull(w)
		}
	}
	go l.flusher()
	return l, nil
}

func (l *Log) open() (*os.File, error) {
	name := l.dest.Name
	switch {
	case l.dest.Writer != nil:
		return l.openWriter()
	case name == "":
		// Use a separate descriptor: a Go program dies of SIGPIPE if a write to descriptor
		// 2 itself fails.
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
		// Start it on another thread: a tracer on this one would wait for the child.
		started := make(chan error)
		slack, _ := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
		go func() { started <- startWithSlack(l.pipe, slack) }()
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

// Record starts the record of a tracee. With Destination.Separate it creates
// the tracee's file, which may fail.
func (l *Log) Record(pid int) (*Record, error) {
	out := l.shared
	if out == nil {
		w, err := l.create(l.dest.Name + "." + strconv.Itoa(pid))
		if err != nil {
			return nil, err
		}
		out = l.newFile(w)
	}
	l.live++
	return newRecord(l, out, pid), nil
}

// Summary adds the totals of -c to the trace. With Separate they go to standard error.
func (l *Log) Summary(s *Summary) {
	w := l.writer()
	w.Summary(s)
	if l.shared != nil {
		l.shared.withoutTitle() // a summary has its own
	}
	l.Write(w.Take())
}

// Summary adds totals to the file of a tracee.
func (r *Record) Summary(s *Summary) {
	w := r.log.writer()
	w.Summary(s)
	r.out.interrupt()
	r.out.write(w.Take())
}

// Unexplained adds the list of register changes without an explanation, if
// there are any. With Separate it goes to standard error.
func (l *Log) Unexplained(u *Unexplained) {
	if u.Total == 0 {
		return
	}
	w := l.writer()
	w.Unexplained(u)
	l.Write(w.Take())
}

// writer makes a Writer for records that are not about one tracee.
func (l *Log) writer() Writer { return l.options.Format.New(&l.options, &Tracee{log: l}) }

// Write adds whole lines of the tracer to the trace. With Separate they go to
// standard error.
func (l *Log) Write(b []byte) (int, error) {
	if l.shared == nil {
		return os.Stderr.Write(b)
	}
	l.shared.interrupt()
	l.shared.write(b)
	return len(b), l.Err()
}

// since returns the time from the previous line to a line written at that time.
func (l *Log) since(at time.Time) (d time.Duration) {
	if !l.last.IsZero() {
		d = max(0, at.Sub(l.last))
	}
	l.last = at
	return d
}

// Message writes a message of a program to standard error, such as "trapline: Process 1
// attached". If the trace also goes there, the message is a record of the format and keeps
// its place among the records; it ends an unfinished line of a call with <unfinished ...>.
// at is the time of the record.
func (l *Log) Message(program, text string, at time.Time) {
	if l.stderr == nil {
		os.Stderr.WriteString(program + ": " + text + "\n")
		return
	}
	l.stderr.interrupt()
	l.stderr.write(l.options.AppendMessage(nil, program, text, at))
	l.stderr.flush()
}

// AppendMessage writes a message of a program in the form that the trace uses.
// at is the time of the record.
func (o *Options) AppendMessage(b []byte, program, text string, at time.Time) []byte {
	if o.Format.Message != nil {
		if o.clocks.at.IsZero() {
			o.setClocks()
		}
		return append(b, o.Format.Message(o, at, text)...)
	}
	return append(b, program+": "+text+"\n"...)
}

// Terminal reports whether the trace is shown on a terminal.
func (l *Log) Terminal() bool { return l.shared != nil && l.shared.tty }

// Color sets Options.Palette, which depends on Terminal.
func (l *Log) Color(p *Palette) { l.options.Palette = p }

// PipePID is the process id of the shell that reads the trace, or 0. The shell
// is a child of this process but not a tracee.
func (l *Log) PipePID() int {
	if l.pipe == nil {
		return 0
	}
	return l.pipe.Process.Pid
}

// Looks returns the options of the log, for records that are written elsewhere.
func (l *Log) Looks() Options { return l.options }

// Size is the number of bytes of all records so far, written out or not.
func (l *Log) Size() uint64 { return l.size }

// Flush writes out all buffers.
func (l *Log) Flush() {
	l.mu.Lock()
	files := l.files
	l.mu.Unlock()
	for _, f := range files {
		f.flush()
	}
}

// Err returns the first error in writing (a full disk, a closed pipe), with the
// name of the file, or nil. It is cheap enough to be called after each record.
func (l *Log) Err() error {
	if err := l.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (l *Log) fail(err error) { l.err.CompareAndSwap(nil, &err) }

// Close writes out all buffers, closes the files and waits for the command of a
// pipe.
func (l *Log) Close() error {
	close(l.done)
	for len(l.files) > 0 {
		l.files[0].close()
	}
	if l.pipe != nil {
		// The command's status does not matter, and the tracer, which waits for any child,
		// may have reaped the command already.
		l.pipe.Wait()
	}
	l.awaitWriter()
	return l.Err()
}

// flusher waits until something has been buffered and flushDelay has passed, then writes
// the buffers out, except lines that are held.
func (l *Log) flusher() {
	timer := time.NewTimer(flushDelay)
	defer timer.Stop()
	delay, again := flushDelay, false
	for {
		if !again {
			select {
			case <-l.wake:
			case <-l.done:
				return
			}
		}
		timer.Reset(delay)
		select {
		case <-timer.C:
		case <-l.done:
			return
		}
		l.asleep.Store(true)
		delay, again = flushDelay, false
		if l.flushOld() && l.asleep.CompareAndSwap(true, false) {
			delay, again = holdDelay, true
		}
	}
}

// flushOld is Flush without the lines that are held. It reports whether there are any.
func (l *Log) flushOld() (held bool) {
	l.mu.Lock()
	files := l.files
	l.mu.Unlock()
	for _, f := range files {
		if f.holds() {
			held = true
			f.flushLines()
		} else {
			f.flush()
		}
	}
	return held
}

// file is a destination with a buffer.
type file struct {
	log    *Log
	name   string
	w      *os.File
	fd     int // of w
	tty    bool
	prompt bool // write out when a call is entered

	title string // written before anything else

	// open is the Record whose unfinished line is at the end of the file. Only
	// the Log's user accesses it, not the flusher.
	open *Record

	mu        sync.Mutex
	buf       []byte
	heldSince time.Time  // when the last call was entered, for a terminal
	out       sync.Mutex // held while writing out, taken before mu
	spare     []byte

	reopens bool        // may be closed and reopened by its name
	opened  atomic.Bool // w is open; changed while out is held
	written uint64      // value of Log.writes at the last write

	// About the file that is open; accessed while out is held.
	replaceable    bool // it is a regular file that has a name
	stale          bool // it is to be opened again
	atLineStart    bool
	size, headSize int64 // bytes written, and how many of them are the first records
	limit          int64 // Rotation.Size
	files          int   // Rotation.Files
}

// head is the first record or records of a file; or empty.
func (l *Log) head() string {
	o := &l.options
	if o.Format.Head == nil || o.Run == nil {
		return ""
	}
	var b []byte
	for _, run := range o.Earlier {
		b = append(b, o.Format.Head(o, run)...)
	}
	return string(append(b, o.Format.Head(o, o.Run)...))
}

// withoutTitle prevents the title from being written, if it has not been.
func (f *file) withoutTitle() { f.title = strings.TrimPrefix(f.title, f.log.options.Format.Title) }

// tail is the last line of a file, or empty.
func (f *file) tail() string { return f.log.options.Format.Tail }

// bufferSize is the number of bytes that may wait in a buffer. A buffer has room for the
// line that exceeds it. Until firstBuffer bytes are in it, it is no larger than that: new
// memory costs a page fault for each page that is written to.
const (
	bufferSize  = 32 << 10
	firstBuffer = 4 << 10
)

func (l *Log) newFile(w *os.File) *file {
	f := &file{log: l, name: w.Name(), reopens: l.dest.Separate && isRegular(w)}
	f.setDescriptor(w)
	f.written = l.writes.Add(1)
	f.replaceable = l.dest.Name != "" && !l.dest.Piped() && l.dest.Writer == nil && isRegular(w)
	f.atLineStart = true
	if f.replaceable {
		f.size, f.limit, f.files = sizeOf(w), l.dest.Rotate.Size, l.dest.Rotate.Files
	}
	f.tty = isTerminal(f.fd)
	f.prompt = f.tty
	if !l.dest.Append || isEmpty(w) {
		f.title = l.options.Format.Title
	}
	f.title += l.head()
	f.headSize = int64(len(f.title))
	l.mu.Lock()
	l.files = append(l.files[:len(l.files):len(l.files)], f)
	l.mu.Unlock()
	return f
}

// write adds b to the buffer.
func (f *file) write(b []byte) {
	if len(b) == 0 {
		return
	}
	f.mu.Lock()
	if f.title != "" {
		f.buf, f.title = append(f.buf, f.title...), ""
	}
	if need := len(f.buf) + len(b); need > cap(f.buf) && need <= bufferSize+firstBuffer {
		size := firstBuffer
		if need > size {
			size = bufferSize + firstBuffer
		}
		f.buf = append(make([]byte, 0, size), f.buf...)
	}
	f.buf = append(f.buf, b...)
	n := len(f.buf)
	f.mu.Unlock()
	f.log.size += uint64(len(b))
	if n >= bufferSize || f.prompt && f.log.options.Sparse && b[len(b)-1] == '\n' {
		f.flush()
	} else if f.log.asleep.Load() && f.log.asleep.CompareAndSwap(true, false) {
		f.log.wake <- struct{}{}
	}
}

// entered shows the line of a call that has begun. On the terminal of standard error it
// holds the line for a while: most calls end at once, and then the tracee's own output in
// such a call does not break the line.
func (f *file) entered() {
	if !f.tty || f != f.log.stderr {
		f.flush()
		return
	}
	f.mu.Lock()
	f.heldSince = time.Now()
	f.mu.Unlock()
	f.flushLines()
}

// holds reports whether an unfinished line is to be held for longer.
func (f *file) holds() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.buf)
	return n > 0 && f.buf[n-1] != '\n' && time.Since(f.heldSince) < holdDelay
}

// flush writes out the buffer, which may be filled again meanwhile.
func (f *file) flush() { f.flushUpTo(func(b []byte) int { return len(b) }) }

// flushLines is flush for the finished lines.
func (f *file) flushLines() {
	f.flushUpTo(func(b []byte) int { return bytes.LastIndexByte(b, '\n') + 1 })
}

// flushUpTo writes out the part of the buffer that end selects.
func (f *file) flushUpTo(end func([]byte) int) {
	f.out.Lock()
	defer f.out.Unlock()
	f.mu.Lock()
	n := end(f.buf)
	b := f.buf[:n]
	f.buf = append(f.spare, f.buf[n:]...)
	f.mu.Unlock()
	if (len(b) > 0 || f.stale) && f.log.err.Load() == nil {
		if err := f.put(b); err != nil {
			f.log.fail(err)
		}
	}
	f.spare = f.refill(Reusable(b))
}

// refill returns a written buffer for reuse: it becomes the buffer to be filled, unless
// that already has contents, and the other one is returned. So there is a second buffer
// only if the trace continues while the first one is written.
func (f *file) refill(empty []byte) (spare []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.buf) > 0 {
		return empty
	}
	spare, f.buf = f.buf, empty
	return spare
}

// writeAll waits if a tracee that shares the descriptor has set O_NONBLOCK.
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

// Reusable empties a buffer for reuse. It drops a buffer that a very long line has made very
// large.
func Reusable(b []byte) []byte {
	if cap(b) > 32*bufferSize {
		return nil
	}
	return b[:0]
}

// interrupt ends an unfinished line.
func (f *file) interrupt() {
	if f.open != nil {
		f.open.interrupt()
	}
}

func (f *file) close() {
	f.interrupt()
	f.mu.Lock()
	if f.log.options.Keep == 0 {
		f.buf = append(append(f.buf, f.title...), f.tail()...) // the title if nothing was written
	}
	f.mu.Unlock()
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

// isRegular reports whether f is a regular file.
func isRegular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// isEmpty reports whether nothing has been written to f. A file without a size,
// such as a pipe or terminal, counts as empty.
func isEmpty(f *os.File) bool {
	info, err := f.Stat()
	return err != nil || !info.Mode().IsRegular() || info.Size() == 0
}

// isNull reports whether f is the null device.
func isNull(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode()&os.ModeCharDevice != 0 && stat.Rdev == unix.Mkdev(1, 3)
}

package output

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// openWriter returns a file whose contents are copied to Destination.Writer.
func (l *Log) openWriter() (*os.File, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, &os.PathError{Op: "pipe", Path: "output", Err: err}
	}
	r, w := os.NewFile(uintptr(ends[0]), "output"), os.NewFile(uintptr(ends[1]), "output")
	l.copied = make(chan struct{})
	go func() {
		defer close(l.copied)
		defer r.Close()
		if _, err := io.Copy(l.dest.Writer, r); err != nil {
			l.fail(err)
		}
	}()
	return w, nil
}

// awaitWriter waits until everything has been copied to Destination.Writer.
func (l *Log) awaitWriter() {
	if l.copied != nil {
		<-l.copied
	}
}

package output

import (
	"os"
	"testing"
)

// For tests in package output_test.
const (
	FlushDelay = flushDelay
	BufferSize = bufferSize
)

// WriteAll is writeAll.
var WriteAll = writeAll

// SetShare limits how many files may be open.
func (l *Log) SetShare(n int64) { l.share = n }

// Opened returns the number of open files.
func (l *Log) Opened() int64 { return l.opened.Load() }

// OpenFile is openFile.
func (l *Log) OpenFile(name string, flags int) (*os.File, error) { return l.openFile(name, flags) }

// SetEndedRoom changes endedRoom for a test.
func SetEndedRoom(t testing.TB, n int) {
	before := endedRoom
	endedRoom = n
	t.Cleanup(func() { endedRoom = before })
}

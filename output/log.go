package output

import "errors"

// Destination says where a trace is written.
type Destination struct {
	// Name is a file, "|command" or "!command" for a shell command that is
	// fed the trace, or empty for standard error.
	Name     string
	Append   bool // to a file that exists, -A
	Separate bool // one file for each tracee, Name.pid, --output-separately
}

// Log is where the Traces of one session are written.
type Log struct {
	options Options
}

// OpenLog opens the destination. The error is one of the os package, with the
// name of the file.
func OpenLog(d Destination, o Options) (*Log, error) {
	return nil, errors.ErrUnsupported
}

// Trace starts the record of a tracee. The error is that of creating its own
// file, with Destination.Separate.
func (l *Log) Trace(pid int) (Trace, error) {
	return nil, errors.ErrUnsupported
}

// Write adds text of the tracer's own, whole lines, between the records: the
// summary table, for one.
func (l *Log) Write(b []byte) (int, error) { return 0, errors.ErrUnsupported }

// Message writes a line to standard error, such as "trapline: Process 1
// attached". When the trace goes there too it stays in order, and a call's line
// that is not yet finished is left as <unfinished ...>.
func (l *Log) Message(line string) {}

// Err is the first error in writing (a full disk, a closed pipe), with the name
// of the file; nil as long as all is well. It is cheap, to be asked after each record.
func (l *Log) Err() error { return nil }

// Close writes out what is buffered, closes the files and waits for the command of a pipe.
func (l *Log) Close() error { return nil }

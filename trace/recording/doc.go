//go:build linux && amd64

// Package recording writes and reads the files of --record: the events of a trace with
// everything that is needed to decode them later, on another machine, under other
// options. docs/recording.md describes the format.
//
// [Open] opens a recording. A [Cursor] reads its [Event]s: from the first one
// ([Reader.Events]), or from a call, an event or a time ([Reader.SeekCall],
// [Reader.SeekEvent], [Reader.SeekTime]), or those of some blocks ([Reader.Part]). It holds
// one block of the file in memory.
// [Reader.Threads] has starts, execs and ends of threads, from the index: the tree of
// processes can be drawn without reading anything else.
//
// This package does not know what calls mean. Package trace decodes them: trace.Replay
// runs a Session on a recording, or on a part of it, as if the programs ran now.
//
//	r, err := recording.Open("build.trace")
//	...
//	// Decoded calls, as Values:
//	err = trace.Replay(ctx, r, trace.Options{
//		Follow: true,
//		Handler: trace.Handler{Exit: func(c *trace.Call) error {
//			fmt.Println(c.Ordinal, c.PID, c.Name, c.Arg("pathname").Str, c.Errno)
//			return nil
//		}},
//	})
//	// Text lines of the calls with the numbers 5000 to 5099:
//	var lines bytes.Buffer
//	err = trace.Replay(ctx, r, trace.Options{
//		Span:   trace.Span{From: 5000, To: 5100},
//		Output: &trace.Destination{Writer: &lines},
//	})
//
// Each call has a number, from 0, in the order of entries: Event.Ordinal, Call.Ordinal
// of package trace, and Span. The answers of the host interface are in [Cursor.Host]
// while events are read, and reach a Session through trace.Replay.
package recording

//go:build linux && amd64

package trace

import (
	"context"
	"errors"

	"trapline/trace/recording"
)

// errPast is the error of launching a command or attaching to a process in a Session with
// Options.From.
var errPast = errors.New("trace: a Session that replays a recording cannot run or attach to processes")

// checkPast rejects what is impossible with Options.From, and limits strings to the length
// that was recorded: the memory behind is not in the recording.
func (o *Options) checkPast() error {
	info := o.From.Info()
	switch {
	case len(o.Injections) > 0:
		return errors.New("injections need a running program: calls of a recording cannot be changed")
	case o.Record != nil:
		return errors.New("a replay of a recording cannot be recorded again")
	case o.Stacks != NoStacks && !info.Stacks:
		return errors.New("the recording has no call stacks: -k was not given")
	case o.Registers != 0 && !info.Registers:
		return errors.New("the recording has no registers: --regs was not given")
	case o.Rings && !info.Rings:
		return errors.New("the recording has no rings: --io-uring was not given")
	case o.Explain && !info.Explained:
		return errors.New("the recording has no reasons: --explain was not given")
	}
	o.Buffered, o.Seccomp = BufferNever, false
	if limit := o.decoderOptions().StringLimit; limit > info.Strings {
		o.StringLimit = info.Strings
	}
	o.Handler.StringLimit = o.recordedStrings(o.Handler.StringLimit)
	return nil
}

// recordedStrings returns a limit in bytes of strings. In a Session of a recording, it is
// at most what the recording has of a string.
func (o *Options) recordedStrings(limit int) int {
	if o.From == nil {
		return limit
	}
	return min(limit, o.From.Info().Strings)
}

// Replay shows a recording, or the calls in o.Span. o has the same effect as on a live
// trace, apart from options that concern the traced programs. Replay returns when
// everything has been shown, a function of o.Handler has returned an error, or ctx is
// done.
func Replay(ctx context.Context, r *recording.Reader, o Options) error {
	o.From = r
	s, err := New(o)
	if err != nil {
		return err
	}
	err = s.Run(ctx)
	if closing := s.Close(); err == nil {
		err = closing
	}
	return err
}

// pastTime does what is due at certain times, by the clock of the recording:
// Options.SummaryEvery and StopAfter.
func (s *Session) pastTime() {
	if y := s.tally; y != nil && s.o.SummaryEvery > 0 && y.current != y.total {
		now := s.when
		const most = 1000 // tables without calls, one after the other
		for range most {
			due := y.since.Add(s.o.SummaryEvery)
			if now.Before(due) {
				break
			}
			s.when = due
			s.writePart(due)
		}
		s.when = now
	}
	if s.o.StopAfter > 0 && s.when.Sub(s.past.info.Start) >= s.o.StopAfter {
		s.timeUp.Store(true)
	}
}

package main

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"trapline/decode"
	"trapline/output"
	"trapline/tables"
)

// parseSet reads [!]ITEM[,ITEM]..., the form of all sets in -e expressions,
// with "none" for the empty set and "all" for its complement. Each item is given
// to add, which says whether it is a valid one; the caller complements the set when
// parseSet says so. what names an item in the error.
func parseSet(text, what string, add func(item string) (bool, error)) (negated bool, err error) {
	list := text
	for strings.HasPrefix(list, "!") {
		negated = !negated
		list = list[1:]
	}
	switch list {
	case "none":
		return negated, nil
	case "all":
		return !negated, nil
	}
	empty := true
	for item := range strings.SplitSeq(list, ",") {
		if item == "" {
			continue
		}
		empty = false
		ok, err := add(item)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, refusef("invalid %s '%s'", what, item)
		}
	}
	if empty {
		return false, refusef("invalid %s '%s'", what, text)
	}
	return negated, nil
}

// parseBits reads a set whose items are names of bits; all has every bit.
func parseBits[T ~uint8](text, what string, names map[string]T, all T) (T, error) {
	var set T
	negated, err := parseSet(text, what, func(item string) (bool, error) {
		bit, ok := names[item]
		set |= bit
		return ok, nil
	})
	if negated {
		set = all &^ set
	}
	return set, err
}

var quietNames = map[string]quietSet{
	"attach":          quietAttach,
	"exit":            quietExit,
	"exits":           quietExit,
	"path-resolution": quietPathResolution,
	"personality":     quietPersonality,
	"thread-execve":   quietSuperseded,
	"superseded":      quietSuperseded,
}

const allQuiet = quietAttach | quietExit | quietPathResolution | quietPersonality | quietSuperseded

var statusNames = map[string]output.StatusSet{
	"successful":  output.Successful,
	"failed":      output.Failed,
	"unfinished":  output.Unfinished,
	"unavailable": output.UnavailableStatus,
	"detached":    output.Detached,
}

var fdNames = map[string]decode.FDs{
	"path":     decode.FDPath,
	"socket":   decode.FDSocket,
	"dev":      decode.FDDevice,
	"eventfd":  decode.FDEventfd,
	"pidfd":    decode.FDPidfd,
	"signalfd": decode.FDSignalfd,
}

const allFDs = decode.FDPath | decode.FDSocket | decode.FDDevice | decode.FDEventfd | decode.FDPidfd | decode.FDSignalfd

var pidNames = map[string]decode.PIDs{
	"comm":  decode.PIDComm,
	"pidns": decode.PIDNamespace,
}

// signalSet has bit n-1 set for signal n.
type signalSet uint64

const allSignals = ^signalSet(0)

func (s signalSet) has(n int) bool { return n > 0 && s&(1<<(n-1)) != 0 }

// parseSignalSet reads names, with or without SIG and in any case, and numbers.
// A number that no signal has is valid, as in strace, and stands for nothing.
func parseSignalSet(text string) (signalSet, error) {
	var set signalSet
	negated, err := parseSet(text, "signal", func(item string) (bool, error) {
		n, ok := parseSignal(item)
		if ok && 0 < n && n <= tables.NumSignals {
			set |= 1 << (n - 1)
		}
		return ok, nil
	})
	if negated {
		set = ^set
	}
	return set, err
}

// parseSignal reads a signal's name or number.
func parseSignal(s string) (n int, ok bool) {
	if n, ok := tables.SignalByName(s); ok {
		return n, true
	}
	v, err := strconv.ParseUint(s, 10, 8)
	return int(v), err == nil
}

// fdSet is a set of file descriptors.
type fdSet struct {
	listed  []int
	negated bool
}

func (s *fdSet) has(fd int) bool {
	return fd >= 0 && slices.Contains(s.listed, fd) != s.negated
}

func parseFDSet(text string) (fdSet, error) {
	var s fdSet
	negated, err := parseSet(text, "descriptor", func(item string) (bool, error) {
		fd, ok := parseNumber(item, math.MaxInt32)
		s.listed = append(s.listed, int(fd))
		return ok, nil
	})
	s.negated = negated
	return s, err
}

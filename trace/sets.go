//go:build linux && amd64

package trace

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"trapline/decode"
	"trapline/decode/registers"
	"trapline/output"
	"trapline/tables"
)

// ParseError is an expression that cannot be parsed. Its message is strace's.
type ParseError struct {
	Message string
	// Misused says that the form of the expression is wrong, rather than a name
	// in it.
	Misused bool
}

func (e *ParseError) Error() string { return e.Message }

func parseErrorf(format string, args ...any) error {
	return &ParseError{Message: fmt.Sprintf(format, args...)}
}

// parseSet parses [!]ITEM[,ITEM]..., the form of all sets in -e expressions,
// with "none" for the empty set and "all" for its complement. It passes each
// item to add, which reports whether it is valid. The caller complements the
// set if negated. what is the kind of item named in the error.
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
			return false, parseErrorf("invalid %s '%s'", what, item)
		}
	}
	if empty {
		return false, parseErrorf("invalid %s '%s'", what, text)
	}
	return negated, nil
}

// parseBits parses a set whose items are names of bits; all has every bit.
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

// ParseQuiet reads a set of attach, exit, path-resolution, personality and
// superseded: the value of -e quiet=.
func ParseQuiet(text string) (Quiet, error) { return parseBits(text, "quiet", quietNames, QuietAll) }

var quietNames = map[string]Quiet{
	"attach":          QuietAttach,
	"exit":            QuietExit,
	"exits":           QuietExit,
	"path-resolution": QuietPathResolution,
	"personality":     QuietPersonality,
	"thread-execve":   QuietSuperseded,
	"superseded":      QuietSuperseded,
}

// ParseStatuses reads a set of successful, failed, unfinished, unavailable and
// detached: the value of -e status=.
func ParseStatuses(text string) (*StatusSet, error) {
	set, err := parseBits(text, "status", statusNames, output.AllStatuses)
	return &set, err
}

var statusNames = map[string]output.StatusSet{
	"successful":  output.Successful,
	"failed":      output.Failed,
	"unfinished":  output.Unfinished,
	"unavailable": output.UnavailableStatus,
	"detached":    output.Detached,
}

// ParseDecodeFDs reads a set of path, socket, dev, eventfd, pidfd and signalfd:
// the value of -e decode-fds=.
func ParseDecodeFDs(text string) (FDs, error) { return parseBits(text, "decode-fds", fdNames, AllFDs) }

var fdNames = map[string]decode.FDs{
	"path":     decode.FDPath,
	"socket":   decode.FDSocket,
	"dev":      decode.FDDevice,
	"eventfd":  decode.FDEventfd,
	"pidfd":    decode.FDPidfd,
	"signalfd": decode.FDSignalfd,
}

// ParseDecodePIDs reads a set of comm and pidns: the value of -e decode-pids=.
func ParseDecodePIDs(text string) (PIDs, error) {
	return parseBits(text, "decode-pids", pidNames, AllPIDs)
}

var pidNames = map[string]decode.PIDs{
	"comm":  decode.PIDComm,
	"pidns": decode.PIDNamespace,
}

// ParseRegisterModes reads names of modes between commas: diff, enter, exit,
// full and between.
func ParseRegisterModes(text string) (RegisterModes, error) {
	return parseNames(text, "register mode", registerModeNames)
}

var registerModeNames = map[string]RegisterModes{
	"diff": RegistersDiff, "full": RegistersFull, "enter": RegistersEnter, "exit": RegistersExit, "between": RegistersBetween,
}

// ParseRegisterSets reads names of sets between commas: gp, segment, fp and vector.
func ParseRegisterSets(text string) (RegisterSets, error) {
	return parseNames(text, "register set", registerSetNames)
}

var registerSetNames = map[string]registers.Sets{
	"gp": registers.General, "segment": registers.Segment, "fp": registers.Float, "vector": registers.Vector,
}

// parseNames reads names of bits between commas.
func parseNames[T ~uint8](text, what string, names map[string]T) (set T, err error) {
	for name := range strings.SplitSeq(text, ",") {
		bits, ok := names[name]
		if !ok {
			return 0, parseErrorf("invalid %s '%s'", what, name)
		}
		set |= bits
	}
	return set, nil
}

// SignalSet has bit n-1 set for signal n.
type SignalSet uint64

const allSignals = ^SignalSet(0)

// Has reports whether signal n is in the set.
func (s SignalSet) Has(n int) bool { return n > 0 && s&(1<<(n-1)) != 0 }

// ParseSignals parses a set of signals: the value of -e signal=. Signals are
// given by name, with or without SIG and in upper or lower case, or by number.
// As in strace, numbers that are not a signal's are valid and ignored.
func ParseSignals(text string) (*SignalSet, error) {
	var set SignalSet
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
	return &set, err
}

// parseSignal reads a signal's name or number.
func parseSignal(s string) (n int, ok bool) {
	if n, ok := tables.SignalByName(s); ok {
		return n, true
	}
	v, err := strconv.ParseUint(s, 10, 8)
	return int(v), err == nil
}

// FDSet is a set of file descriptors. The zero value is empty.
type FDSet struct {
	listed  []int
	negated bool
}

// Has reports whether a descriptor is in the set. A nil set is empty.
func (s *FDSet) Has(fd int) bool {
	return s != nil && fd >= 0 && slices.Contains(s.listed, fd) != s.negated
}

// IsEmpty reports whether the set is empty. A nil set is empty.
func (s *FDSet) IsEmpty() bool { return s == nil || len(s.listed) == 0 && !s.negated }

// ParseDescriptors parses a set of descriptor numbers: the value of -e fds=.
func ParseDescriptors(text string) (*FDSet, error) {
	var s FDSet
	negated, err := parseSet(text, "descriptor", func(item string) (bool, error) {
		fd, ok := ParseNumber(item, math.MaxInt32)
		s.listed = append(s.listed, int(fd))
		return ok, nil
	})
	s.negated = negated
	return &s, err
}

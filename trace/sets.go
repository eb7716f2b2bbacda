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
	"trapline/trace/nearest"
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

// parseSet parses [!]ITEM[,[!]ITEM]..., the form of all sets in -e expressions, with
// "none" for the empty set and "all" for its complement. ^ means the same as !. It passes
// each item to add, from left to right. add adds the item to the set or, if except is set,
// removes it, and reports whether the item is valid. The caller complements the set if
// negated. what is the kind of item named in the error, and near suggests an item for a
// wrong one, or returns "".
func parseSet(text, what string, near func(string) string, add func(item string, except bool) (bool, error)) (negated bool, err error) {
	list := text
	for list != "" && (list[0] == '!' || list[0] == '^') {
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
		name, except := item, !empty && (item[0] == '!' || item[0] == '^')
		if except {
			name = item[1:]
		}
		empty = false
		ok, err := add(name, except)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, parseErrorf("invalid %s '%s'%s", what, item, nearest.Question(near(name)))
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
	negated, err := parseSet(text, what, keys(names), func(item string, except bool) (bool, error) {
		bit, ok := names[item]
		if except {
			set &^= bit
		} else {
			set |= bit
		}
		return ok, nil
	})
	if negated {
		set = all &^ set
	}
	return set, err
}

// ParseQuiet reads a set of attach, exit, path-resolution, personality and
// superseded: the value of -e quiet=.
func ParseQuiet(text string) (Quiet, error) {
	return parseBits(text, "quiet", map[string]Quiet{
		"attach":          QuietAttach,
		"exit":            QuietExit,
		"exits":           QuietExit,
		"path-resolution": QuietPathResolution,
		"personality":     QuietPersonality,
		"thread-execve":   QuietSuperseded,
		"superseded":      QuietSuperseded,
		"injection":       QuietInjection,
	}, QuietAll)
}

// ParseStatuses reads a set of successful, failed, unfinished, unavailable and detached,
// and of errors such as ENOENT, which select calls that failed with them: the value of -e
// status=. The second result is nil if any error will do.
func ParseStatuses(text string) (*StatusSet, *ErrnoSet, error) {
	var set StatusSet
	var errnos ErrnoSet // errors to select
	negated, err := parseSet(text, "status", nearStatus, func(item string, except bool) (bool, error) {
		bit, ok := statusNamed(item)
		switch {
		case ok && bit == output.Failed:
			errnos = ErrnoSet{Negated: !except}
		case ok && except:
			set &^= bit
		case ok:
			set |= bit
		default:
			var errno uint32
			errno, ok = tables.ErrnoByName(item)
			changeErrnos(&errnos, int(errno), except)
		}
		return ok, nil
	})
	if err != nil {
		return nil, nil, err
	}
	if negated {
		set, errnos.Negated = output.AllStatuses&^(set|output.Failed), !errnos.Negated
	}
	switch {
	case len(errnos.Listed) > 0:
		set |= output.Failed
		return &set, &errnos, nil
	case errnos.Negated:
		set |= output.Failed
	}
	return &set, nil, nil
}

// statusNamed returns the status of this name.
func statusNamed(name string) (status output.StatusSet, ok bool) {
	switch name {
	case "successful":
		return output.Successful, true
	case "failed":
		return output.Failed, true
	case "unfinished":
		return output.Unfinished, true
	case "unavailable":
		return output.UnavailableStatus, true
	case "detached":
		return output.Detached, true
	}
	return 0, false
}

// changeErrnos adds an error number to a set, or removes it.
func changeErrnos(s *ErrnoSet, errno int, out bool) {
	s.Listed = slices.DeleteFunc(s.Listed, func(e int) bool { return e == errno })
	if s.Negated == out {
		s.Listed = append(s.Listed, errno)
	}
}

// ParseDecodeFDs reads a set of path, socket, dev, eventfd, pidfd and signalfd:
// the value of -e decode-fds=.
func ParseDecodeFDs(text string) (FDs, error) {
	return parseBits(text, "decode-fds", map[string]decode.FDs{
		"path":     decode.FDPath,
		"socket":   decode.FDSocket,
		"dev":      decode.FDDevice,
		"eventfd":  decode.FDEventfd,
		"pidfd":    decode.FDPidfd,
		"signalfd": decode.FDSignalfd,
	}, AllFDs)
}

// ParseDecodePIDs reads a set of comm and pidns: the value of -e decode-pids=.
func ParseDecodePIDs(text string) (PIDs, error) {
	return parseBits(text, "decode-pids", map[string]decode.PIDs{
		"comm":  decode.PIDComm,
		"pidns": decode.PIDNamespace,
	}, AllPIDs)
}

// ParseRegisterModes reads names of modes between commas: diff, enter, exit,
// full and between.
func ParseRegisterModes(text string) (RegisterModes, error) {
	return parseNames(text, "register mode", map[string]RegisterModes{
		"diff": RegistersDiff, "full": RegistersFull, "enter": RegistersEnter, "exit": RegistersExit, "between": RegistersBetween,
	})
}

// ParseRegisterSets reads names of sets between commas: gp, segment, fp and vector.
func ParseRegisterSets(text string) (RegisterSets, error) {
	return parseNames(text, "register set", map[string]registers.Sets{
		"gp": registers.General, "segment": registers.Segment, "fp": registers.Float, "vector": registers.Vector,
	})
}

// parseNames reads names of bits between commas.
func parseNames[T ~uint8](text, what string, names map[string]T) (set T, err error) {
	for name := range strings.SplitSeq(text, ",") {
		bits, ok := names[name]
		if !ok {
			return 0, parseErrorf("invalid %s '%s'%s", what, name, nearest.Question(keys(names)(name)))
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
	negated, err := parseSet(text, "signal", nearSignal, func(item string, except bool) (bool, error) {
		n, ok := parseSignal(item)
		switch {
		case !ok || n <= 0 || n > tables.NumSignals:
		case except:
			set &^= 1 << (n - 1)
		default:
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
	negated, err := parseSet(text, "descriptor", noneNear, func(item string, except bool) (bool, error) {
		fd, ok := ParseNumber(item, math.MaxInt32)
		if except {
			s.listed = slices.DeleteFunc(s.listed, func(n int) bool { return n == int(fd) })
		} else {
			s.listed = append(s.listed, int(fd))
		}
		return ok, nil
	})
	s.negated = negated
	return &s, err
}

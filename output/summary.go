package output

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"trapline/tables"
)

// Column is a column of the summary table (-c), also a sort key.
type Column uint8

const (
	ColumnNone    Column = iota
	ColumnPercent        // share of the time of all calls
	ColumnTime           // total time of all calls of a name
	ColumnShortest
	ColumnLongest
	ColumnAverage
	ColumnCalls
	ColumnErrors
	ColumnName
	ColumnWall // like ColumnTime and so on, but by wall-clock time
	ColumnWallMin
	ColumnWallMax
	ColumnWallAverage
	ColumnP50 // the wall-clock duration that half of the calls did not exceed
	ColumnP95
	ColumnP99
	NumColumns
)

// Percent returns the percentile that a column shows, or 0.
func (c Column) Percent() float64 {
	switch c {
	case ColumnP50:
		return 50
	case ColumnP95:
		return 95
	case ColumnP99:
		return 99
	}
	return 0
}

// columnByName returns the column that has this name in -S and -U, with '-' or '_'.
func columnByName(name string) (c Column, ok bool) {
	switch strings.ReplaceAll(name, "_", "-") {
	case "time", "time-percent":
		return ColumnPercent, true
	case "time-total", "total-time":
		return ColumnTime, true
	case "min-time", "shortest", "time-min":
		return ColumnShortest, true
	case "longest", "max-time", "time-max":
		return ColumnLongest, true
	case "avg-time", "time-avg":
		return ColumnAverage, true
	case "calls", "count":
		return ColumnCalls, true
	case "error", "errors":
		return ColumnErrors, true
	case "name", "syscall", "syscall-name":
		return ColumnName, true
	case "wall-total", "total-wall":
		return ColumnWall, true
	case "wall-min", "min-wall":
		return ColumnWallMin, true
	case "wall-max", "max-wall":
		return ColumnWallMax, true
	case "wall-avg", "avg-wall":
		return ColumnWallAverage, true
	case "p50":
		return ColumnP50, true
	case "p95":
		return ColumnP95, true
	case "p99":
		return ColumnP99, true
	case "none", "nothing":
		return ColumnNone, true
	}
	return 0, false
}

// DefaultColumns are the columns shown without -U.
var DefaultColumns = []Column{ColumnPercent, ColumnTime, ColumnAverage, ColumnCalls, ColumnErrors, ColumnName}

// ParseSort reads the argument of -S.
func ParseSort(s string) (Column, error) {
	c, ok := columnByName(s)
	if !ok {
		return 0, fmt.Errorf("invalid sortby: '%s'", s)
	}
	return c, nil
}

// ParseColumns reads the argument of -U. The name column is always included.
func ParseColumns(s string) ([]Column, error) {
	var columns []Column
	for rest, more := s, true; more; {
		var name string
		residual := rest
		name, rest, more = strings.Cut(rest, ",")
		c, ok := columnByName(name)
		if !ok || c == ColumnNone {
			return nil, fmt.Errorf("unknown column name: '%s'", name)
		}
		if slices.Contains(columns, c) {
			return nil, fmt.Errorf("call summary column has been provided more than once: '%s' (-U option residual: '%s')",
				name, residual)
		}
		columns = append(columns, c)
	}
	if !slices.Contains(columns, ColumnName) {
		columns = append(columns, ColumnName)
	}
	return columns, nil
}

// Summary counts calls (-c).
type Summary struct {
	Columns []Column
	Sort    Column
	// WallClock makes all columns show wall-clock times (-w).
	WallClock bool
	// Overhead is subtracted from the time of each call (-O).
	Overhead time.Duration

	// By is what the rows stand for.
	By SummaryKey
	// Percentiles counts the durations of calls, for the columns of percentiles
	// and Histogram, which shows these counts.
	Percentiles, Histogram bool
	// Overlaps says that Elapsed is known, and shown with times of the wall
	// clock if calls overlapped.
	Overlaps   bool
	Elapsed    time.Duration // at least one call was in progress
	Overlapped bool
	// Title, if not empty, says which calls are counted, in a line of its own.
	Title string
	// From and To, if not zero, are the times between which the counted calls ended.
	From, To time.Time
	// At is the time that records of the summary have; zero for now.
	At time.Time

	calls [tables.NumABI]map[string]*CallCount
}

// SummaryKey is what the rows of a summary stand for.
type SummaryKey uint8

const (
	ByName  SummaryKey = iota // calls
	ByPID                     // threads, by their ids
	ByComm                    // names of threads
	ByPath                    // files that calls use
	ByFD                      // descriptors that calls use
	ByErrno                   // errors
)

var summaryKeys = [...]string{ByName: "name", ByPID: "pid", ByComm: "comm", ByPath: "path", ByFD: "fd", ByErrno: "errno"}

// String returns the name of the key.
func (k SummaryKey) String() string { return summaryKeys[k] }

// ParseSummaryKey reads the argument of --summary-by.
func ParseSummaryKey(s string) (SummaryKey, error) {
	if i := slices.Index(summaryKeys[:], s); i >= 0 {
		return SummaryKey(i), nil
	}
	return 0, fmt.Errorf("invalid --summary-by argument: '%s' (pid, comm, path, fd, errno or name)", s)
}

// NoKey is the row for calls without a key.
const NoKey = "-"

// CallCount has the totals of the calls with one name.
type CallCount struct {
	Name          string // or the key of the row
	NR            uint64
	Calls, Errors uint64
	CPU           Times // processor time in the kernel; with WallClock, Wall
	Wall          Times // by the wall clock
	Durations     Durations
}

// Times are the times that the calls of one name took.
type Times struct {
	Total, Shortest, Longest time.Duration
}

func (t *Times) add(d time.Duration, first bool) {
	t.Total += d
	t.Longest = max(t.Longest, d)
	if first || d < t.Shortest {
		t.Shortest = d
	}
}

// Merge adds the times of another name's calls; first says that t is empty.
func (t *Times) Merge(u Times, first bool) {
	t.Total += u.Total
	t.Longest = max(t.Longest, u.Longest)
	if first || u.Shortest < t.Shortest {
		t.Shortest = u.Shortest
	}
}

// Count adds a call: the number of the call made, the name of the inner call if
// it was made through a multiplexer, the processor time that it took in the
// kernel, and its wall-clock time.
func (s *Summary) Count(abi tables.ABI, nr uint64, name string, cpu, wall time.Duration, failed bool) {
	c := s.calls[abi][name]
	if c == nil {
		if s.calls[abi] == nil {
			s.calls[abi] = make(map[string]*CallCount)
		}
		name = strings.Clone(name) // the original may change
		c = &CallCount{Name: name, NR: nr}
		s.calls[abi][name] = c
	}
	if s.WallClock {
		cpu = wall
	}
	c.CPU.add(max(0, cpu-s.Overhead), c.Calls == 0)
	c.Wall.add(max(0, wall-s.Overhead), c.Calls == 0)
	if s.Percentiles {
		c.Durations.add(max(0, wall-s.Overhead))
	}
	c.Calls++
	if failed {
		c.Errors++
	}
}

// Merge adds the counts of another Summary.
func (s *Summary) Merge(other *Summary) {
	for abi, counts := range other.calls {
		for name, from := range counts {
			c := s.calls[abi][name]
			if c == nil {
				if s.calls[abi] == nil {
					s.calls[abi] = make(map[string]*CallCount)
				}
				c = &CallCount{Name: name, NR: from.NR}
				s.calls[abi][name] = c
			}
			c.CPU.Merge(from.CPU, c.Calls == 0)
			c.Wall.Merge(from.Wall, c.Calls == 0)
			c.Durations.Merge(&from.Durations)
			c.Calls += from.Calls
			c.Errors += from.Errors
		}
	}
	s.Elapsed += other.Elapsed
	s.Overlapped = s.Overlapped || other.Overlapped
}

// Empty returns a Summary of the same kind that has counted nothing.
func (s *Summary) Empty() *Summary {
	e := *s
	e.calls = [tables.NumABI]map[string]*CallCount{}
	e.Elapsed, e.Overlapped = 0, false
	return &e
}

// ShowsWall reports whether the table has times of the wall clock.
func (s *Summary) ShowsWall() bool {
	return s.WallClock || slices.ContainsFunc(s.Columns, func(c Column) bool { return c >= ColumnWall && c <= ColumnWallAverage })
}

// Average is the average of one of the Times.
func (c *CallCount) Average(t Times) time.Duration { return t.Total / time.Duration(max(1, c.Calls)) }

// Calls returns the totals for the calls of an ABI in order: by Sort, the
// greatest first, and then by number. It returns none if there were no calls.
func (s *Summary) Calls(abi tables.ABI) []*CallCount { return s.sorted(s.calls[abi]) }

func (s *Summary) sorted(counts map[string]*CallCount) []*CallCount {
	var list []*CallCount
	for _, c := range counts {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *CallCount) int {
		return cmp.Or(s.compare(a, b), cmp.Compare(a.NR, b.NR), cmp.Compare(a.Name, b.Name))
	})
	return list
}

func (s *Summary) compare(a, b *CallCount) int {
	switch s.Sort {
	case ColumnPercent, ColumnTime:
		return cmp.Compare(b.CPU.Total, a.CPU.Total)
	case ColumnShortest:
		return cmp.Compare(b.CPU.Shortest, a.CPU.Shortest)
	case ColumnLongest:
		return cmp.Compare(b.CPU.Longest, a.CPU.Longest)
	case ColumnAverage:
		return cmp.Compare(b.Average(b.CPU), a.Average(a.CPU))
	case ColumnCalls:
		return cmp.Compare(b.Calls, a.Calls)
	case ColumnErrors:
		return cmp.Compare(b.Errors, a.Errors)
	case ColumnName:
		return cmp.Compare(a.Name, b.Name)
	case ColumnWall:
		return cmp.Compare(b.Wall.Total, a.Wall.Total)
	case ColumnWallMin:
		return cmp.Compare(b.Wall.Shortest, a.Wall.Shortest)
	case ColumnWallMax:
		return cmp.Compare(b.Wall.Longest, a.Wall.Longest)
	case ColumnWallAverage:
		return cmp.Compare(b.Average(b.Wall), a.Average(a.Wall))
	}
	if p := s.Sort.Percent(); p > 0 {
		return cmp.Compare(b.Durations.Percentile(p), a.Durations.Percentile(p))
	}
	return 0
}

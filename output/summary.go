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
	ColumnWall // like ColumnTime and so on, by the wall clock
	ColumnWallMin
	ColumnWallMax
	ColumnWallAverage
	NumColumns
)

// columnNames are the names that -S and -U accept, with '-' for '_'.
var columnNames = map[string]Column{
	"time": ColumnPercent, "time-percent": ColumnPercent,
	"time-total": ColumnTime, "total-time": ColumnTime,
	"min-time": ColumnShortest, "shortest": ColumnShortest, "time-min": ColumnShortest,
	"longest": ColumnLongest, "max-time": ColumnLongest, "time-max": ColumnLongest,
	"avg-time": ColumnAverage, "time-avg": ColumnAverage,
	"calls": ColumnCalls, "count": ColumnCalls,
	"error": ColumnErrors, "errors": ColumnErrors,
	"name": ColumnName, "syscall": ColumnName, "syscall-name": ColumnName,
	"wall-total": ColumnWall, "total-wall": ColumnWall,
	"wall-min": ColumnWallMin, "min-wall": ColumnWallMin,
	"wall-max": ColumnWallMax, "max-wall": ColumnWallMax,
	"wall-avg": ColumnWallAverage, "avg-wall": ColumnWallAverage,
	"none": ColumnNone, "nothing": ColumnNone,
}

func columnByName(name string) (Column, bool) {
	c, ok := columnNames[strings.ReplaceAll(name, "_", "-")]
	return c, ok
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

	calls [tables.NumABI]map[string]*CallCount
}

// CallCount has the totals of the calls with one name.
type CallCount struct {
	Name          string
	NR            uint64
	Calls, Errors uint64
	CPU           Times // processor time in the kernel; with WallClock, Wall
	Wall          Times // by the wall clock
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
		c = &CallCount{Name: name, NR: nr}
		s.calls[abi][name] = c
	}
	if s.WallClock {
		cpu = wall
	}
	c.CPU.add(max(0, cpu-s.Overhead), c.Calls == 0)
	c.Wall.add(max(0, wall-s.Overhead), c.Calls == 0)
	c.Calls++
	if failed {
		c.Errors++
	}
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
	return 0
}

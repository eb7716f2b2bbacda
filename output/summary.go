package output

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"trapline/tables"
)

// Column is a column of the summary table (-c), which may also be sorted by.
type Column uint8

const (
	ColumnNone    Column = iota
	ColumnPercent        // share of the time of all calls
	ColumnTime           // the time of all calls of a name together
	ColumnShortest
	ColumnLongest
	ColumnAverage
	ColumnCalls
	ColumnErrors
	ColumnName
	ColumnWall // ColumnTime, ... by the wall clock
	ColumnWallMin
	ColumnWallMax
	ColumnWallAverage
	numColumns
)

// columnLooks has a column's title and the width it has at least.
var columnLooks = [numColumns]struct {
	title string
	width int
}{
	ColumnPercent:     {"% time", 6},
	ColumnTime:        {"seconds", 11},
	ColumnShortest:    {"shortest", 8},
	ColumnLongest:     {"longest", 8},
	ColumnAverage:     {"usecs/call", 11},
	ColumnCalls:       {"calls", 9},
	ColumnErrors:      {"errors", 9},
	ColumnName:        {"syscall", 16},
	ColumnWall:        {"wall-total", 11},
	ColumnWallMin:     {"wall-min", 8},
	ColumnWallMax:     {"wall-max", 8},
	ColumnWallAverage: {"wall-avg", 11},
}

// columnNames are the names that -S and -U know, with '-' for '_'.
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

// ParseColumns reads the argument of -U. The name column is always there.
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
	// WallClock shows the wall clock's times in all columns (-w).
	WallClock bool
	// Overhead is taken off the time of each call (-O).
	Overhead time.Duration

	calls [tables.NumABI]map[string]*callCount
}

// callCount has the totals of the calls of one name.
type callCount struct {
	name          string
	nr            uint64
	calls, errors uint64
	cpu, wall     times
}

type times struct {
	total, shortest, longest time.Duration
}

func (t *times) add(d time.Duration, first bool) {
	t.total += d
	t.longest = max(t.longest, d)
	if first || d < t.shortest {
		t.shortest = d
	}
}

// merge adds the times of another name's calls.
func (t *times) merge(u times, first bool) {
	t.total += u.total
	t.longest = max(t.longest, u.longest)
	if first || u.shortest < t.shortest {
		t.shortest = u.shortest
	}
}

// Count adds a call: the number of the call that was made, the name of the call
// inside it if that came through a multiplexer, the processor time that it took
// in the kernel, and its time by the wall clock.
func (s *Summary) Count(abi tables.ABI, nr uint64, name string, cpu, wall time.Duration, failed bool) {
	c := s.calls[abi][name]
	if c == nil {
		if s.calls[abi] == nil {
			s.calls[abi] = make(map[string]*callCount)
		}
		c = &callCount{name: name, nr: nr}
		s.calls[abi][name] = c
	}
	if s.WallClock {
		cpu = wall
	}
	c.cpu.add(max(0, cpu-s.Overhead), c.calls == 0)
	c.wall.add(max(0, wall-s.Overhead), c.calls == 0)
	c.calls++
	if failed {
		c.errors++
	}
}

// Append writes the table of each ABI that has had calls.
func (s *Summary) Append(b []byte) []byte {
	for abi, counts := range s.calls {
		if len(counts) == 0 {
			continue
		}
		switch tables.ABI(abi) {
		case tables.I386:
			b = append(b, "System call usage summary for 32 bit mode:\n"...)
		case tables.X32:
			b = append(b, "System call usage summary for x32 mode:\n"...)
		}
		b = s.appendTable(b, s.sorted(counts))
	}
	return b
}

// AppendJSON writes the same as JSON objects.
func (s *Summary) AppendJSON(b []byte) []byte {
	for abi, counts := range s.calls {
		for _, c := range s.sorted(counts) {
			j := jsonTrace{buf: append(b, '{')}
			j.member("schema")
			j.number(jsonSchema, Unsigned)
			j.member("event")
			j.string("summary")
			j.member("abi")
			j.string(tables.ABI(abi).String())
			j.member("name")
			j.string(c.name)
			j.member("calls")
			j.number(c.calls, Unsigned)
			j.member("errors")
			j.number(c.errors, Unsigned)
			for _, t := range []struct {
				key string
				times
			}{{"cpu_ns", c.cpu}, {"wall_ns", c.wall}} {
				j.member(t.key)
				j.buf = append(j.buf, '{')
				j.member("total")
				j.number(uint64(t.total), Unsigned)
				j.member("shortest")
				j.number(uint64(t.shortest), Unsigned)
				j.member("longest")
				j.number(uint64(t.longest), Unsigned)
				j.buf = append(j.buf, '}')
			}
			b = append(j.buf, '}', '\n')
		}
	}
	return b
}

// sorted puts the calls in order: by Sort, the greatest first, and then by number.
func (s *Summary) sorted(counts map[string]*callCount) []*callCount {
	var list []*callCount
	for _, c := range counts {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *callCount) int {
		return cmp.Or(s.compare(a, b), cmp.Compare(a.nr, b.nr), cmp.Compare(a.name, b.name))
	})
	return list
}

func (s *Summary) compare(a, b *callCount) int {
	switch s.Sort {
	case ColumnPercent, ColumnTime:
		return cmp.Compare(b.cpu.total, a.cpu.total)
	case ColumnShortest:
		return cmp.Compare(b.cpu.shortest, a.cpu.shortest)
	case ColumnLongest:
		return cmp.Compare(b.cpu.longest, a.cpu.longest)
	case ColumnAverage:
		return cmp.Compare(average(b.cpu.total, b.calls), average(a.cpu.total, a.calls))
	case ColumnCalls:
		return cmp.Compare(b.calls, a.calls)
	case ColumnErrors:
		return cmp.Compare(b.errors, a.errors)
	case ColumnName:
		return cmp.Compare(a.name, b.name)
	case ColumnWall:
		return cmp.Compare(b.wall.total, a.wall.total)
	case ColumnWallMin:
		return cmp.Compare(b.wall.shortest, a.wall.shortest)
	case ColumnWallMax:
		return cmp.Compare(b.wall.longest, a.wall.longest)
	case ColumnWallAverage:
		return cmp.Compare(average(b.wall.total, b.calls), average(a.wall.total, a.calls))
	}
	return 0
}

func average(total time.Duration, calls uint64) time.Duration {
	return total / time.Duration(max(1, calls))
}

// appendTable writes a table with its title and totals.
func (s *Summary) appendTable(b []byte, list []*callCount) []byte {
	sum := callCount{name: "total"}
	name := 0
	for i, c := range list {
		sum.calls += c.calls
		sum.errors += c.errors
		sum.cpu.merge(c.cpu, i == 0)
		sum.wall.merge(c.wall, i == 0)
		name = max(name, len(c.name))
	}

	// The rows, and how wide they need the columns to be.
	var widths [numColumns]int
	for c, looks := range columnLooks {
		widths[c] = looks.width
	}
	widths[ColumnName] = max(widths[ColumnName], name+1)
	rows := make([][]string, 0, len(list)+1)
	for _, c := range append(list[:len(list):len(list)], &sum) {
		var row []string
		for _, column := range s.Columns {
			text := c.format(column, sum.cpu.total)
			if c == &sum && column == ColumnPercent {
				text = "100.00"
			}
			if column != ColumnName {
				widths[column] = max(widths[column], len(text))
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}

	line := func(cell func(i int, column Column) string) {
		for i, column := range s.Columns {
			if i > 0 {
				b = append(b, ' ')
			}
			text := cell(i, column)
			switch pad := strings.Repeat(" ", max(0, widths[column]-len(text))); {
			case column != ColumnName:
				b = append(b, pad+text...)
			case i == len(s.Columns)-1:
				b = append(b, text...)
			default:
				b = append(b, text+pad...)
			}
		}
		b = append(b, '\n')
	}
	dashes := func(_ int, column Column) string { return strings.Repeat("-", widths[column]) }
	line(func(_ int, column Column) string { return columnLooks[column].title })
	line(dashes)
	for _, row := range rows[:len(list)] {
		line(func(i int, _ Column) string { return row[i] })
	}
	line(dashes)
	line(func(i int, _ Column) string { return rows[len(list)][i] })
	return b
}

// format writes what a row has in a column.
func (c *callCount) format(column Column, all time.Duration) string {
	switch column {
	case ColumnPercent:
		percent := 0.0
		if all > 0 {
			percent = 100 * c.cpu.total.Seconds() / all.Seconds()
		}
		return strconv.FormatFloat(percent, 'f', 2, 64)
	case ColumnTime:
		return formatSeconds(c.cpu.total)
	case ColumnShortest:
		return formatSeconds(c.cpu.shortest)
	case ColumnLongest:
		return formatSeconds(c.cpu.longest)
	case ColumnAverage:
		return microseconds(average(c.cpu.total, c.calls))
	case ColumnCalls:
		return strconv.FormatUint(c.calls, 10)
	case ColumnErrors:
		if c.errors == 0 {
			return ""
		}
		return strconv.FormatUint(c.errors, 10)
	case ColumnWall:
		return formatSeconds(c.wall.total)
	case ColumnWallMin:
		return formatSeconds(c.wall.shortest)
	case ColumnWallMax:
		return formatSeconds(c.wall.longest)
	case ColumnWallAverage:
		return microseconds(average(c.wall.total, c.calls))
	}
	return c.name
}

func formatSeconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

func microseconds(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }

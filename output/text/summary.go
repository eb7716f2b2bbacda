package text

import (
	"strconv"
	"strings"
	"time"

	"trapline/output"
	"trapline/tables"
)

// columnLooks has the title and the minimum width of each column.
var columnLooks = [output.NumColumns]struct {
	title string
	width int
}{
	output.ColumnPercent:     {"% time", 6},
	output.ColumnTime:        {"seconds", 11},
	output.ColumnShortest:    {"shortest", 8},
	output.ColumnLongest:     {"longest", 8},
	output.ColumnAverage:     {"usecs/call", 11},
	output.ColumnCalls:       {"calls", 9},
	output.ColumnErrors:      {"errors", 9},
	output.ColumnName:        {"syscall", 16},
	output.ColumnWall:        {"wall-total", 11},
	output.ColumnWallMin:     {"wall-min", 8},
	output.ColumnWallMax:     {"wall-max", 8},
	output.ColumnWallAverage: {"wall-avg", 11},
}

// modes are strace's names of the ABIs.
var modes = [tables.NumABI]string{tables.X86_64: "64 bit", tables.I386: "32 bit", tables.X32: "x32"}

// Summary implements output.Writer: a table for each ABI with calls.
func (w *writer) Summary(s *output.Summary) {
	for _, abi := range tables.ABIs {
		calls := s.Calls(abi)
		if len(calls) == 0 {
			continue
		}
		if abi != tables.X86_64 {
			w.put("System call usage summary for ")
			w.put(modes[abi])
			w.put(" mode:\n")
		}
		w.table(s.Columns, calls)
	}
	w.line = len(w.buf)
}

// table writes a table with its title and totals.
func (w *writer) table(columns []output.Column, list []*output.CallCount) {
	sum := output.CallCount{Name: "total"}
	name := 0
	for i, c := range list {
		sum.Calls += c.Calls
		sum.Errors += c.Errors
		sum.CPU.Merge(c.CPU, i == 0)
		sum.Wall.Merge(c.Wall, i == 0)
		name = max(name, len(c.Name))
	}

	// The rows, and the column widths that they need.
	var widths [output.NumColumns]int
	for c, looks := range columnLooks {
		widths[c] = looks.width
	}
	widths[output.ColumnName] = max(widths[output.ColumnName], name+1)
	rows := make([][]string, 0, len(list)+1)
	for _, c := range append(list[:len(list):len(list)], &sum) {
		var row []string
		for _, column := range columns {
			text := format(c, column, sum.CPU.Total)
			if c == &sum && column == output.ColumnPercent {
				text = "100.00"
			}
			if column != output.ColumnName {
				widths[column] = max(widths[column], len(text))
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}

	line := func(cell func(i int, column output.Column) string) {
		for i, column := range columns {
			if i > 0 {
				w.put(" ")
			}
			text := cell(i, column)
			switch pad := strings.Repeat(" ", max(0, widths[column]-len(text))); {
			case column != output.ColumnName:
				w.put(pad + text)
			case i == len(columns)-1:
				w.put(text)
			default:
				w.put(text + pad)
			}
		}
		w.put("\n")
	}
	dashes := func(_ int, column output.Column) string { return strings.Repeat("-", widths[column]) }
	line(func(_ int, column output.Column) string { return columnLooks[column].title })
	line(dashes)
	for _, row := range rows[:len(list)] {
		line(func(i int, _ output.Column) string { return row[i] })
	}
	line(dashes)
	line(func(i int, _ output.Column) string { return rows[len(list)][i] })
}

// format returns the content of a column of a row.
func format(c *output.CallCount, column output.Column, all time.Duration) string {
	switch column {
	case output.ColumnPercent:
		percent := 0.0
		if all > 0 {
			percent = 100 * c.CPU.Total.Seconds() / all.Seconds()
		}
		return strconv.FormatFloat(percent, 'f', 2, 64)
	case output.ColumnTime:
		return formatSeconds(c.CPU.Total)
	case output.ColumnShortest:
		return formatSeconds(c.CPU.Shortest)
	case output.ColumnLongest:
		return formatSeconds(c.CPU.Longest)
	case output.ColumnAverage:
		return microseconds(c.Average(c.CPU))
	case output.ColumnCalls:
		return strconv.FormatUint(c.Calls, 10)
	case output.ColumnErrors:
		if c.Errors == 0 {
			return ""
		}
		return strconv.FormatUint(c.Errors, 10)
	case output.ColumnWall:
		return formatSeconds(c.Wall.Total)
	case output.ColumnWallMin:
		return formatSeconds(c.Wall.Shortest)
	case output.ColumnWallMax:
		return formatSeconds(c.Wall.Longest)
	case output.ColumnWallAverage:
		return microseconds(c.Average(c.Wall))
	}
	return c.Name
}

func formatSeconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

func microseconds(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }

package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"trapline/output"
	"trapline/output/cells"
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
	output.ColumnP50:         {"p50 usecs", 9},
	output.ColumnP95:         {"p95 usecs", 9},
	output.ColumnP99:         {"p99 usecs", 9},
}

// modes are strace's names of the ABIs.
var modes = [tables.NumABI]string{tables.X86_64: "64 bit", tables.I386: "32 bit", tables.X32: "x32"}

// Summary implements output.Writer: a table for each ABI with calls.
func (w *writer) Summary(s *output.Summary) {
	if s.Title != "" {
		w.put(s.Title)
		w.put("\n")
	}
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
		w.table(s, calls)
	}
	w.overlap(s)
	for _, abi := range tables.ABIs {
		if s.Histogram {
			w.histograms(s.Calls(abi))
		}
	}
	w.line = len(w.buf)
}

// table writes a table with its title and totals.
func (w *writer) table(s *output.Summary, list []*output.CallCount) {
	columns := s.Columns
	sum := output.CallCount{Name: "total"}
	name := 0
	labels := make(map[*output.CallCount]string, len(list))
	for i, c := range list {
		labels[c] = c.Name
		if s.By != output.ByName {
			labels[c] = string(AppendEscaped(nil, []byte(c.Name), w.summaryStrings(), ""))
		}
		sum.Durations.Merge(&c.Durations)
		sum.Calls += c.Calls
		sum.Errors += c.Errors
		sum.CPU.Merge(c.CPU, i == 0)
		sum.Wall.Merge(c.Wall, i == 0)
		name = max(name, cells.Width(labels[c]))
	}
	labels[&sum] = sum.Name
	all := sum.CPU.Total
	if s.Overlaps && s.Overlapped { // see overlap
		sum.Wall.Total = s.Elapsed
		if s.WallClock {
			sum.CPU.Total = s.Elapsed
		}
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
			text := format(c, column, all)
			if column == output.ColumnName {
				text = labels[c]
			}
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
			switch pad := cells.Pad(text, widths[column]); {
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
	line(func(_ int, column output.Column) string {
		if column == output.ColumnName && s.By != output.ByName {
			return s.By.String()
		}
		return columnLooks[column].title
	})
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
	if percent := column.Percent(); percent > 0 {
		return strconv.FormatFloat(float64(c.Durations.Percentile(percent))/1e3, 'f', 1, 64)
	}
	return c.Name
}

// summaryStrings is the style of names that tracees have chosen.
func (w *writer) summaryStrings() output.StringStyle {
	if w.opt.Strings == output.OctalEscapes && w.opt.ReadableNames {
		return output.UTF8
	}
	return w.opt.Strings
}

// overlap explains how the times of overlapping calls are added up.
func (w *writer) overlap(s *output.Summary) {
	if !s.Overlaps || !s.Overlapped || !s.ShowsWall() {
		return
	}
	var sum time.Duration
	for _, abi := range tables.ABIs {
		for _, c := range s.Calls(abi) {
			sum += c.Wall.Total
		}
	}
	w.put("Calls overlapped: at least one was in progress for " + formatSeconds(s.Elapsed) +
		" seconds, and all durations add up to " + formatSeconds(sum) + ".\n")
}

// histograms writes how long the calls of each row took.
func (w *writer) histograms(list []*output.CallCount) {
	const width = 40
	for _, c := range list {
		bars := c.Durations.Histogram()
		var most uint64
		for _, bar := range bars {
			most = max(most, bar.Calls)
		}
		w.put("\n")
		w.buf = AppendEscaped(w.buf, []byte(c.Name), w.summaryStrings(), "")
		w.put(":\n")
		for _, bar := range bars {
			length := int((bar.Calls*width + most - 1) / most)
			w.put(fmt.Sprintf("%8s to %-8s %9d |%s\n", shortDuration(bar.From), shortDuration(bar.To), bar.Calls, strings.Repeat("#", length)))
		}
	}
}

// shortDuration writes a power of two nanoseconds in a few characters.
func shortDuration(d time.Duration) string {
	units := []string{"ns", "us", "ms", "s"}
	v, unit := float64(d), 0
	for ; v >= 1000 && unit < len(units)-1; unit++ {
		v /= 1000
	}
	if v >= 100 || v == float64(int(v)) {
		return strconv.FormatFloat(v, 'f', 0, 64) + units[unit]
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + units[unit]
}

func formatSeconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

func microseconds(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }

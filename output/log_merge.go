package output

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mergedLog is a file of -ff -t, which ends in .PID.
type mergedLog struct {
	name, pid string
}

// mergedLine is a line of such a file.
type mergedLine struct {
	second   uint64 // of the day, or since the epoch
	fraction string // of the second: digits
	log      int
	text     []byte
}

// MergeLogs writes the lines of the files that -ff -o made, in the order of their times
// (-t, -tt, -ttt), each preceded by the pid at the end of its file's name. As in
// strace-log-merge, a name without a pid stands for all files whose names are that name
// and a pid. Lines without a time, such as those of stacks and dumps, follow the line
// before them.
func MergeLogs(w io.Writer, names []string) error {
	var logs []mergedLog
	for _, name := range names {
		found := logsOf(name)
		if len(found) == 0 {
			return fmt.Errorf("%s: strace output not found", name)
		}
		logs = append(logs, found...)
	}
	width := 0
	var lines []mergedLine
	for i, log := range logs {
		width = max(width, len(log.pid))
		text, err := os.ReadFile(log.name)
		if err != nil {
			return err
		}
		var last mergedLine
		timed := false
		for line := range bytes.Lines(text) {
			line = bytes.TrimSuffix(line, []byte{'\n'})
			second, fraction, ok := timeOfLine(line)
			if ok {
				last, timed = mergedLine{second: second, fraction: fraction}, true
			}
			if !timed || len(line) == 0 {
				continue
			}
			last.log, last.text = i, line
			lines = append(lines, last)
		}
	}
	if len(lines) == 0 {
		return fmt.Errorf("%s: the files have no lines that begin with a time (-t, -tt or -ttt)", strings.Join(names, " "))
	}
	slices.SortStableFunc(lines, func(a, b mergedLine) int {
		return cmp.Or(cmp.Compare(a.second, b.second), strings.Compare(a.fraction, b.fraction))
	})
	out := bufio.NewWriter(w)
	for _, l := range lines {
		fmt.Fprintf(out, "%-*s %s\n", width, logs[l.log].pid, l.text)
	}
	return out.Flush()
}

// logsOf returns the files that a name stands for, in the order of their names.
func logsOf(name string) (logs []mergedLog) {
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 && isPID(name[dot+1:]) {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return []mergedLog{{name, name[dot+1:]}}
		}
	}
	entries, _ := os.ReadDir(filepath.Dir(name))
	for _, e := range entries {
		pid, ok := strings.CutPrefix(e.Name(), filepath.Base(name)+".")
		path := name + "." + pid
		if info, err := os.Stat(path); ok && isPID(pid) && err == nil && info.Mode().IsRegular() {
			logs = append(logs, mergedLog{path, pid})
		}
	}
	return logs
}

func isPID(s string) bool {
	n, err := strconv.ParseUint(s, 10, 63)
	return err == nil && n > 0
}

// timeOfLine returns the time at the start of a line: 12:34:56, 12:34:56.789012 or
// 1234567890.123456.
func timeOfLine(line []byte) (second uint64, fraction string, ok bool) {
	stamp, _, found := bytes.Cut(line, []byte{' '})
	if !found {
		return 0, "", false
	}
	whole, digits, _ := strings.Cut(string(stamp), ".")
	if strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	parts := strings.Split(whole, ":")
	if len(parts) > 3 || len(parts) == 2 {
		return 0, "", false
	}
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 40)
		if err != nil || len(parts) == 3 && (len(part) != 2 || n > 60) {
			return 0, "", false
		}
		second = second*60 + n
	}
	return second, digits, true
}

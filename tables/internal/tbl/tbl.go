// Package tbl reads system call tables in the Linux kernel's own format, as in
// arch/x86/entry/syscalls/syscall_64.tbl.
package tbl

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// MaxNumber bounds the numbers that a table may hold. Linux has not reached
// 600 on any architecture without an offset; x32's bit 30 is not in tables.
const MaxNumber = 4095

// Row is one line of a table.
type Row struct {
	Line     int // line number in the file, from 1
	Number   int // 0 to MaxNumber
	ABI      string
	Name     string
	Entry    string // the kernel function, empty if there is none (ENOSYS)
	Compat   string // the function for 32-bit callers on a 64-bit kernel, empty if it is Entry
	NoReturn bool   // the call does not return: exit, exit_group
}

// Parse reads a whole table. Rows must have fields
//
//	<number> <abi> <name> [<entry point> [<compat entry point> [noreturn]]]
//
// separated by blanks; "-" stands for an omitted entry point; lines that start
// with # and empty lines are skipped. Errors begin with the line number. A
// number may occur once in each ABI, where "common" counts for both "64" and
// "x32".
func Parse(r io.Reader) ([]Row, error) {
	type key struct {
		abi    string
		number int
	}
	var rows []Row
	seen := make(map[key]int)
	sc := bufio.NewScanner(r)
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		row, err := parseRow(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		row.Line = line
		abis := []string{row.ABI}
		if row.ABI == "common" {
			abis = []string{"64", "x32"}
		}
		for _, abi := range abis {
			k := key{abi, row.Number}
			if first, dup := seen[k]; dup {
				return nil, fmt.Errorf("line %d: number %d is in line %d already", line, row.Number, first)
			}
			seen[k] = line
		}
		rows = append(rows, row)
	}
	return rows, sc.Err()
}

func parseRow(text string) (Row, error) {
	f := strings.Fields(text)
	if len(f) < 3 || len(f) > 6 {
		return Row{}, fmt.Errorf("%d fields, want 3 to 6", len(f))
	}
	n, err := strconv.ParseUint(f[0], 10, 32)
	if err != nil || n > MaxNumber {
		return Row{}, fmt.Errorf("bad number %q", f[0])
	}
	row := Row{Number: int(n), ABI: f[1], Name: f[2]}
	switch row.ABI {
	case "common", "64", "x32", "i386":
	default:
		return Row{}, fmt.Errorf("unknown abi %q", row.ABI)
	}
	if !identifier(row.Name) {
		return Row{}, fmt.Errorf("bad name %q", row.Name)
	}
	for i, dst := range []*string{&row.Entry, &row.Compat} {
		if len(f) <= 3+i || f[3+i] == "-" {
			continue
		}
		if !identifier(f[3+i]) {
			return Row{}, fmt.Errorf("bad entry point %q", f[3+i])
		}
		*dst = f[3+i]
	}
	if row.Compat != "" && row.Entry == "" {
		return Row{}, fmt.Errorf("compat entry point %q without an entry point", row.Compat)
	}
	if len(f) == 6 {
		if f[5] != "noreturn" {
			return Row{}, fmt.Errorf("bad attribute %q", f[5])
		}
		row.NoReturn = true
	}
	return row, nil
}

// identifier reports whether s is a C identifier.
func identifier(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != ""
}

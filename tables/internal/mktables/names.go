package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// genErrnos makes the table of error names and messages, indexed by number.
func genErrnos(f facts, files map[string][]byte) error {
	var b bytes.Buffer
	b.WriteString("var errnos = [...]struct{ name, message string }{\n")
	err := lines(f.dir, "errno.txt", func(line string) error {
		field := strings.SplitN(line, " ", 3)
		if len(field) != 3 {
			return fmt.Errorf("want <number> <name> <message>")
		}
		n, err := strconv.ParseUint(field[0], 10, 12)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%d: {%q, %q},\n", n, field[1], field[2])
		return nil
	})
	b.WriteString("}\n")
	files["zerrno.go"] = b.Bytes()
	return err
}

// genSignals makes the table of signal names, indexed by number.
func genSignals(f facts, files map[string][]byte) error {
	var b bytes.Buffer
	b.WriteString("var signals = [...]string{\n")
	err := lines(f.dir, "signal.txt", func(line string) error {
		number, name, _ := strings.Cut(line, " ")
		n, err := strconv.ParseUint(number, 10, 8)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(name, "SIG") {
			return fmt.Errorf("bad name %q", name)
		}
		fmt.Fprintf(&b, "%d: %q,\n", n, name)
		return nil
	})
	b.WriteString("}\n")
	files["zsignal.go"] = b.Bytes()
	return err
}

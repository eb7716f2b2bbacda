// Package xsys finds the source of golang.org/x/sys/unix, which has tables and
// constants that other compilers extracted from other headers.
package xsys

import (
	"fmt"
	"os/exec"
	"strings"
)

// Dir returns the folder of the source. It asks the go command of the PATH: go/build
// finds none in a program built with -trimpath.
func Dir() (string, error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix").Output()
	if err != nil {
		return "", fmt.Errorf("go list golang.org/x/sys/unix: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

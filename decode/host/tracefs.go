package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Where tracefs is mounted (Documentation/trace/ftrace.rst).
var tracefsPaths = [...]string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// findTracefs returns the folder of tracefs if its tracer function_graph can be used; an
// error says which permission or kernel option is missing.
func findTracefs() (string, error) {
	dir := ""
	for _, path := range tracefsPaths {
		var fs unix.Statfs_t
		if unix.Statfs(path, &fs) == nil && fs.Type == unix.TRACEFS_MAGIC {
			dir = path
			break
		}
	}
	if dir == "" {
		if !bytes.Contains(readFile("/proc/filesystems", 64<<10), []byte("\ttracefs\n")) {
			return "", errors.New("the kernel has no tracefs (CONFIG_FTRACE)")
		}
		return "", errors.New("tracefs is not mounted: mount -t tracefs tracefs " + tracefsPaths[0])
	}
	tracers, err := os.ReadFile(dir + "/available_tracers")
	if err != nil {
		return "", tracefsError(err)
	}
	if !hasWord(tracers, "function_graph") {
		return "", errors.New("the kernel has no function_graph (CONFIG_FUNCTION_GRAPH_TRACER)")
	}
	if string(readFile("/proc/sys/kernel/ftrace_enabled", 8)) == "0\n" {
		return "", errors.New("function tracing is switched off (sysctl kernel.ftrace_enabled=0)")
	}
	return dir, nil
}

// tracefsError says why a file of tracefs is refused.
func tracefsError(err error) error {
	var path *os.PathError
	switch errors.As(err, &path); {
	case errors.Is(err, unix.EPERM) && locksDown("/sys/kernel/security/lockdown"):
		return errors.New("the kernel is locked down (kernel_lockdown(7))")
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return errors.New("only root may use tracefs")
	case errors.Is(err, unix.EROFS) && path != nil:
		return fmt.Errorf("tracefs is mounted read-only on %s", path.Path[:strings.Index(path.Path, "tracing")+len("tracing")])
	}
	return err
}

// locksDown reports whether kernel lockdown is in force, given its file.
func locksDown(path string) bool {
	state := readFile(path, 128)
	return len(state) > 0 && !bytes.Contains(state, []byte("[none]"))
}

// hasWord reports whether a list of words separated by blanks has a word.
func hasWord(list []byte, word string) bool {
	for w := range bytes.FieldsSeq(list) {
		if string(w) == word {
			return true
		}
	}
	return false
}

// writeTracefs writes to a file of tracefs, which it truncates first.
func writeTracefs(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if text == "" {
		return nil
	}
	_, err = f.WriteString(text)
	return err
}

// inInitialPIDNamespace reports whether trapline is in the machine's initial pid
// namespace, whose pids tracefs uses.
func inInitialPIDNamespace() bool {
	const inode = 0xeffffffc // PROC_PID_INIT_INO of linux/proc_ns.h
	var b [64]byte
	return string(readLink(b[:], []byte("/proc/self/ns/pid"))) == "pid:["+strconv.Itoa(inode)+"]"
}

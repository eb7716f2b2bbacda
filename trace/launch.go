//go:build linux && amd64

package trace

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer"
)

// Command is a program to launch.
type Command struct {
	// Path is the program's file. If it is empty, Args[0] is looked up as in a
	// shell, see FindExecutable.
	Path string
	Args []string // starting with the program's name
	Env  []string // NAME=VALUE; nil for the environment of this program
	Dir  string   // working directory; "" for that of this program

	// Stdin, Stdout and Stderr are the command's first three descriptors. If
	// one is nil, the command inherits that of this program.
	Stdin, Stdout, Stderr *os.File
	// Terminal makes Stdin, a terminal, the controlling terminal of a session that
	// the command leads.
	Terminal bool

	// Credential is the user that the command runs as; nil for the user of this
	// program. A set-user-ID or set-group-ID program gets its effective ids.
	Credential *Credential

	// Surroundings are the state in which this program was started: the command
	// gets that state. If nil, the command gets the current state.
	Surroundings *Surroundings
}

// NewCommand returns a command with a name, or path, and arguments.
func NewCommand(name string, args ...string) *Command {
	return &Command{Args: append([]string{name}, args...)}
}

// FindExecutable finds a command like a shell: a name without a slash in the
// directories of PATH.
func FindExecutable(name string) (string, error) {
	if len(name) >= unix.PathMax {
		return "", &CommandError{"exec: " + errnoMessage(unix.ENAMETOOLONG), unix.ENAMETOOLONG}
	}
	if strings.Contains(name, "/") {
		var st unix.Stat_t
		if err := unix.Stat(name, &st); err != nil {
			errno, _ := err.(unix.Errno)
			return "", &CommandError{"Cannot stat '" + name + "': " + errnoMessage(err), errno}
		}
		return name, nil
	}
	if name != "" {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			path := dir + "/" + name
			if dir == "" {
				path = name
			}
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", &CommandError{"Cannot find executable '" + name + "'", unix.ENOENT}
}

// CommandError says why a command cannot be found or executed, in strace's words.
type CommandError struct {
	Message string
	Errno   unix.Errno // ENOENT: there is no such command
}

func (e *CommandError) Error() string { return e.Message }

// resolve returns the command in the engine's form.
func (c *Command) resolve() (tracer.Command, error) {
	if len(c.Args) == 0 {
		return tracer.Command{}, errors.New("trace: a Command without Args: Args[0] is the name of the program")
	}
	path, env := c.Path, c.Env
	if path == "" {
		var err error
		if path, err = FindExecutable(c.Args[0]); err != nil {
			return tracer.Command{}, err
		}
	}
	if env == nil {
		env = os.Environ()
	}
	credential := c.Credential
	if credential != nil {
		withEffective := *credential
		withEffective.EUID, withEffective.EGID = effectiveIDs(path, credential)
		credential = &withEffective
	}
	return tracer.Command{
		Path: path, Argv: c.Args, Env: env, Dir: c.Dir,
		Files: [3]*os.File{c.Stdin, c.Stdout, c.Stderr}, Terminal: c.Terminal, Credential: credential, Surroundings: c.Surroundings,
	}, nil
}

// effectiveIDs returns the ids that execve would give a set-user-ID or
// set-group-ID program if it were not traced.
func effectiveIDs(path string, c *Credential) (uid, gid uint32) {
	uid, gid = c.UID, c.GID
	var st unix.Stat_t
	if unix.Stat(path, &st) == nil {
		if st.Mode&unix.S_ISUID != 0 {
			uid = st.Uid
		}
		if st.Mode&unix.S_ISGID != 0 {
			gid = st.Gid
		}
	}
	return uid, gid
}

// Launch starts a command, or makes Options.Adopt the command, and returns its
// process id. It can be called once. The command starts to run in Run.
func (s *Session) Launch(c *Command) (pid int, err error) {
	if s.tracer == nil {
		return 0, errPast
	}
	if s.command != 0 {
		return 0, errors.New("trace: a Session launches one command")
	}
	command, err := c.resolve()
	if err != nil {
		return 0, err
	}
	var tr *tracer.Tracee
	adopt := s.o.Adopt
	if adopt != nil {
		tr, err = s.tracer.Adopt(command, adopt.PID, adopt.Socket)
	} else {
		tr, err = s.tracer.Launch(command)
	}
	if err != nil {
		return 0, err
	}
	if s.recorder != nil {
		s.recorder.starts()
	}
	if err := s.beginCommand(tr); err != nil {
		unix.Kill(s.command, unix.SIGKILL) // it has not become the command yet
		return 0, err
	}
	if s.recorder != nil {
		s.recorder.launched(tr)
	}
	if adopt != nil {
		s.sayUnless(QuietAttach, "Process %d attached", s.command)
	}
	return s.command, nil
}

// beginCommand starts the records of the command.
func (s *Session) beginCommand(tr *tracer.Tracee) error {
	s.command = tr.TID
	if s.stacks != nil {
		s.stacks.launched = false
	}
	t, err := s.newTracee(tr)
	if err != nil {
		return err
	}
	t.launch = true
	s.recordStart(t, tr, "launched")
	return nil
}

// wasLaunched is Launch in a recording.
func (s *Session) wasLaunched(tr *tracer.Tracee) {
	if err := s.beginCommand(tr); err != nil {
		s.failed = err
		s.say("%v", err)
		s.source.DetachAll()
		return
	}
	if s.stacks != nil && LeftOut(s.past.info).Has(tables.X86_64, unix.SYS_EXECVE) {
		s.stacks.launched = true // everything recorded of it came after its first execve
	}
}

// Adoption is a process that becomes the command, by calling Become.
type Adoption struct {
	PID    int
	Socket int // to that process; Launch closes it
}

// Become makes this process the command of another process's Session, which has
// the same Options. socket is one end of a socket pair of type SOCK_SEQPACKET;
// the Session's Options.Adopt has the other. Become must be called from the
// main thread, and returns only if it fails.
func (c *Command) Become(o Options, socket int) error {
	command, err := c.resolve()
	if err != nil {
		return err
	}
	s, err := newSession(o)
	if err != nil {
		return err
	}
	return tracer.Become(command, s.tracerOptions(), socket)
}

// errnoMessage returns an error's text in the form of strerror(3).
func errnoMessage(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return tables.ErrnoMessage(uint32(errno))
	}
	return err.Error()
}

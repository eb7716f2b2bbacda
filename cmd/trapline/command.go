package main

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/early"
	"trapline/tables"
	"trapline/tracer"
)

// command is the program to launch as the command line describes it.
func (c *config) launch() (tracer.Command, error) {
	credential, err := c.credential()
	if err != nil {
		return tracer.Command{}, err
	}
	path, err := findExecutable(c.command[0])
	if err != nil {
		return tracer.Command{}, err
	}
	argv := append([]string(nil), c.command...)
	if c.argv0Set {
		argv[0] = c.argv0
	}
	if credential != nil {
		credential.EUID, credential.EGID = effectiveIDs(path, credential)
	}
	return tracer.Command{
		Path: path, Argv: argv, Env: changeEnv(os.Environ(), c.env),
		Credential: credential, Surroundings: early.Surroundings(),
	}, nil
}

// findExecutable finds a command as a shell does: a name without a slash in the
// directories of PATH.
func findExecutable(name string) (string, error) {
	if len(name) >= unix.PathMax {
		return "", refusef("exec: %s", errnoMessage(unix.ENAMETOOLONG))
	}
	if strings.Contains(name, "/") {
		var st unix.Stat_t
		if err := unix.Stat(name, &st); err != nil {
			return "", refusef("Cannot stat '%s': %s", name, errnoMessage(err))
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
	return "", refusef("Cannot find executable '%s'", name)
}

// changeEnv applies -E VAR=VAL and -E VAR, in order.
func changeEnv(env, changes []string) []string {
	for _, change := range changes {
		name, _, set := strings.Cut(change, "=")
		var kept []string
		replaced := false
		for _, e := range env {
			if n, _, _ := strings.Cut(e, "="); n != name {
				kept = append(kept, e)
			} else if set && !replaced {
				kept = append(kept, change)
				replaced = true
			}
		}
		if set && !replaced {
			kept = append(kept, change)
		}
		env = kept
	}
	return env
}

// credential is who the command runs as with -u, or nil.
func (c *config) credential() (*tracer.Credential, error) {
	if !c.userSet {
		return nil, nil
	}
	if os.Getuid() != 0 || os.Geteuid() != 0 {
		return nil, refusef("You must be root to use the -u/--username option")
	}
	if uid, gid, ok := strings.Cut(c.user, ":"); ok {
		u, uerr := strconv.ParseUint(uid, 10, 32)
		g, gerr := strconv.ParseUint(gid, 10, 32)
		const invalid = 1<<32 - 1 // (uid_t) -1
		if uerr != nil || gerr != nil || u == invalid || g == invalid {
			return nil, refusef("Invalid UID:GID pair '%s'", c.user)
		}
		return &tracer.Credential{UID: uint32(u), GID: uint32(g)}, nil
	}
	account, err := user.Lookup(c.user)
	if err != nil {
		return nil, refusef("Cannot find user '%s'", c.user)
	}
	ids, err := account.GroupIds()
	if err != nil {
		return nil, refusef("initgroups: %v", err)
	}
	credential := &tracer.Credential{UID: parseID(account.Uid), GID: parseID(account.Gid)}
	for _, id := range ids {
		credential.Groups = append(credential.Groups, parseID(id))
	}
	return credential, nil
}

// parseID reads an id of the user database, which holds no others than numbers.
func parseID(s string) uint32 {
	n, _ := strconv.ParseUint(s, 10, 32)
	return uint32(n)
}

// effectiveIDs gives a set-user-ID or set-group-ID program the ids that execve
// would, were it not traced.
func effectiveIDs(path string, c *tracer.Credential) (uid, gid uint32) {
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

// errnoMessage is an error's text as strerror(3) has it.
func errnoMessage(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return tables.ErrnoMessage(uint32(errno))
	}
	return err.Error()
}

//go:build linux && amd64

package main

import (
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"trapline/cmd/trapline/early"
	"trapline/trace"
)

// launch returns the program to launch, as the command line describes it.
func (c *config) launch() (*trace.Command, error) {
	credential, err := c.credential()
	if err != nil {
		return nil, err
	}
	path, err := trace.FindExecutable(c.command[0])
	if err != nil {
		return nil, withOption(err, c.command[0])
	}
	argv := slices.Clone(c.command)
	if c.argv0Set {
		argv[0] = c.argv0
	}
	return &trace.Command{
		Path: path, Args: argv, Env: changeEnv(os.Environ(), c.env),
		Credential: credential, Surroundings: early.Surroundings(),
	}, nil
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

// credential returns the user of -u that the command runs as, or nil.
func (c *config) credential() (*trace.Credential, error) {
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
		return &trace.Credential{UID: uint32(u), GID: uint32(g)}, nil
	}
	account, err := user.Lookup(c.user)
	if err != nil {
		return nil, refusef("Cannot find user '%s'", c.user)
	}
	ids, err := account.GroupIds()
	if err != nil {
		return nil, refusef("initgroups: %v", err)
	}
	credential := &trace.Credential{UID: parseID(account.Uid), GID: parseID(account.Gid)}
	for _, id := range ids {
		credential.Groups = append(credential.Groups, parseID(id))
	}
	return credential, nil
}

// parseID reads an id of the user database, which is always a number.
func parseID(s string) uint32 {
	n, _ := strconv.ParseUint(s, 10, 32)
	return uint32(n)
}

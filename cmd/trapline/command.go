//go:build linux && amd64

package main

import (
	"os"
	"slices"
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
	credential, err := trace.ParseCredential(c.user)
	if err != nil {
		return nil, refusef("%v", err)
	}
	return credential, nil
}

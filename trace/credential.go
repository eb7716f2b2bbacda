//go:build linux && amd64

package trace

import (
	"os/user"
	"strconv"
	"strings"
)

// ParseCredential returns the user that text names, for Command.Credential: by name, with
// the groups that the user database has, or as UID:GID, without other groups.
func ParseCredential(text string) (*Credential, error) {
	if uid, gid, ok := strings.Cut(text, ":"); ok {
		u, uerr := strconv.ParseUint(uid, 10, 32)
		g, gerr := strconv.ParseUint(gid, 10, 32)
		const invalid = 1<<32 - 1 // (uid_t) -1
		if uerr != nil || gerr != nil || u == invalid || g == invalid {
			return nil, parseErrorf("Invalid UID:GID pair '%s'", text)
		}
		return &Credential{UID: uint32(u), GID: uint32(g)}, nil
	}
	account, err := user.Lookup(text)
	if err != nil {
		return nil, parseErrorf("Cannot find user '%s'", text)
	}
	ids, err := account.GroupIds()
	if err != nil {
		return nil, parseErrorf("initgroups: %v", err)
	}
	credential := &Credential{UID: parseID(account.Uid), GID: parseID(account.Gid)}
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

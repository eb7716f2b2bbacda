package host

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// The credentials with which a process accesses files, and which accesses they permit:
// acl_permission_check and generic_permission of fs/namei.c, credentials(7).

// Answer is yes, no, or unsure.
type Answer uint8

const (
	Unsure Answer = iota
	Yes
	No
)

// Credentials are what determines a process's rights to files.
type Credentials struct {
	UID, GID         uint32 // fsuid and fsgid, or the real ones
	Groups           []uint32
	Override, Search bool // CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH are effective
	Owner            bool // CAP_FOWNER is effective
	Effective        uint64
	Foreign          bool // it is in another user namespace, where capabilities are worth less
}

// Numbers of capabilities (linux/capability.h).
const (
	capDACOverride   = 1
	capDACReadSearch = 2
	capFowner        = 3
)

// Credentials reads the credentials of a thread. real selects those that access(2) uses:
// the real ids, and no capabilities unless the real user is root.
func (l *Local) Credentials(process int, real bool) (c Credentials, ok bool) {
	status := readFile(string(l.pathOf(process, "/status")), statusMax)
	column := 3
	if real {
		column = 0
	}
	uids, gids := bytes.Fields(Field(status, "Uid:")), bytes.Fields(Field(status, "Gid:"))
	key := "CapEff:"
	if real {
		key = "CapPrm:"
	}
	caps, err := strconv.ParseUint(string(Field(status, key)), 16, 64)
	if len(uids) != 4 || len(gids) != 4 || err != nil {
		return c, false
	}
	uid, err1 := strconv.ParseUint(string(uids[column]), 10, 32)
	gid, err2 := strconv.ParseUint(string(gids[column]), 10, 32)
	if err1 != nil || err2 != nil {
		return c, false
	}
	c.UID, c.GID = uint32(uid), uint32(gid)
	for _, g := range bytes.Fields(Field(status, "Groups:")) {
		if n, err := strconv.ParseUint(string(g), 10, 32); err == nil {
			c.Groups = append(c.Groups, uint32(n))
		}
	}
	var own, other unix.Stat_t
	if unix.Stat("/proc/self/ns/user", &own) != nil || unix.Stat(string(l.pathOf(process, "/ns/user")), &other) != nil || own.Ino != other.Ino {
		c.Foreign = true
	}
	if real && uid != 0 {
		caps = 0
	}
	c.Effective = caps
	c.Override, c.Search, c.Owner = caps>>capDACOverride&1 != 0, caps>>capDACReadSearch&1 != 0, caps>>capFowner&1 != 0
	return c, true
}

// What may be done with a file, as R_OK, W_OK and X_OK of access(2).
const (
	Execute = 1
	Write   = 2
	Read    = 4
)

// May reports whether a process may do all of what with a file, judged by the file's owner
// and mode and the process's capabilities. It is Unsure where other rules apply: access
// control lists, file systems with rules of their own, other user namespaces.
func (c *Credentials) May(f *File, what uint32) Answer {
	switch {
	case !f.Local || f.Kind == "proc" || f.Kind == "sysfs" || f.Kind == "cgroup" || f.Kind == "overlay" && c.Foreign:
		return Unsure
	case f.ACL && c.UID != f.UID:
		return Unsure
	}
	class := f.Mode
	switch {
	case c.UID == f.UID:
		class >>= 6
	case c.inGroup(f.GID):
		class >>= 3
	}
	if what&^class&7 == 0 {
		return Yes
	}
	if (c.Override || c.Search) && c.Foreign {
		return Unsure
	}
	executable := f.IsDir() || f.Mode&0o111 != 0
	switch {
	case c.Override && (what&Execute == 0 || executable):
		return Yes
	case c.Search && (what == Read || f.IsDir() && what&Write == 0):
		return Yes
	}
	return No
}

func (c *Credentials) inGroup(gid uint32) bool {
	if c.GID == gid {
		return true
	}
	for _, g := range c.Groups {
		if g == gid {
			return true
		}
	}
	return false
}

// UserIDs reads the real, effective, saved and file system user id of a thread.
func (l *Local) UserIDs(process int) (ids [4]uint32, ok bool) {
	fields := bytes.Fields(Field(readFile(string(l.pathOf(process, "/status")), statusMax), "Uid:"))
	if len(fields) != len(ids) {
		return ids, false
	}
	for i, f := range fields {
		n, err := strconv.ParseUint(string(f), 10, 32)
		if err != nil {
			return ids, false
		}
		ids[i] = uint32(n)
	}
	return ids, true
}

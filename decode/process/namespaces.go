package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// namespaceLinks are the names of the namespaces that the flags of clone, unshare
// and setns select (namespaces(7)).
var namespaceLinks = [...]struct {
	flags uint64
	name  string
}{
	{tables.CLONE_NEWCGROUP | tables.CLONE_INTO_CGROUP, "cgroup"},
	{tables.CLONE_NEWIPC, "ipc"},
	{tables.CLONE_NEWNS, "mnt"},
	{tables.CLONE_NEWNET, "net"},
	{tables.CLONE_NEWPID, "pid"},
	{tables.CLONE_NEWTIME, "time"},
	{tables.CLONE_NEWUTS, "uts"},
	{tables.CLONE_NEWUSER, "user"},
}

// remarkNamespaces shows the namespaces that the call has put the tracee into, or
// its child if child is set. The call's flags select them.
func remarkNamespaces(c *Call, flags Num, child bool) {
	if !SettingsOf(c.Decoder).Namespaces {
		return
	}
	process := ProcessOf(c)
	if child {
		_, process = FindID(c, int(c.Ret), Thread)
	}
	set := flags.Num(c)
	b := c.Alloc(512)[:0]
	for _, l := range &namespaceLinks {
		if set&l.flags == 0 {
			continue
		}
		link := SettingsOf(c.Decoder).Host().Namespace(c.Alloc(PathMax), process, l.name)
		if link == nil {
			continue
		}
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(b, link...)
	}
	if len(b) == 0 {
		return
	}
	c.Outcome.BeginRemark(output.Aside)
	c.Out.Field("")
	c.Out.Text(output.AsString(b))
	c.Outcome.EndRemark()
}

// cloneArgsFlags returns the flags in the struct that the first argument of
// clone3 points to.
func cloneArgsFlags(c *Call) uint64 {
	flags, _ := c.ReadUint(c.Register(0), 8)
	return flags
}

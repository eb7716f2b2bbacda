// Package net describes the calls that concern sockets: options, messages,
// control messages. The data of netlink sockets is described by package netlink.
//
// Each call is one line in the Calls variable of its file. A new variable has to
// be listed in Groups.
package net

// Package net describes the calls about sockets: their options, messages, control
// messages. What goes through netlink sockets is described by package netlink.
//
// A description is one line in the Calls of the file it belongs to. Calls that
// are new are listed in Groups.
package net

// Package netlink describes netlink messages: their headers, bodies and
// attributes, by protocol. ShowNetlink shows them.
//
// A message is described in the file of its protocol, by the struct at its start
// and by the table of the attributes that follow it, Attributes.
package netlink

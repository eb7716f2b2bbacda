// Package netlink describes netlink messages: their headers, bodies and
// attributes, by protocol. ShowNetlink shows them.
//
// A message is described in the file of its protocol, by the struct at its
// beginning and a table of the attributes behind it, NewAttributes.
package netlink

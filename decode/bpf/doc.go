// Package bpf describes the call bpf: the part of union bpf_attr that belongs to
// each of its commands.
//
// A description is one line in bpfCommands.
package bpf

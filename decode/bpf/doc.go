// Package bpf describes the call bpf: the part of union bpf_attr that belongs to
// each of its commands.
//
// Each command is one line in commands (attr.go).
package bpf

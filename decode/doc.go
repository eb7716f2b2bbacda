// Package decode knows what the arguments of system calls mean. Each call has one
// description, as data. A walk through it, with the registers and the memory of a tracee,
// drives an output.Encoder, whatever the output format.
//
// This package is the public face: NewDecoder makes a Decoder, which looks up the
// Signature of a call; a Call uses it to show itself. Below are
//
//   - the description language, package lang;
//   - the vocabulary that subsystems share, package kernel;
//   - the catalogue, one package per subsystem: bpf, file, ioctl, ipc, kvm, memory, net,
//     netlink, process, uring. Their Groups of calls and their Requests, which are
//     ioctls, are listed in subsystems.go;
//
// - what a tracee's memory does not tell, package host;
// - registers, package registers, which is independent of the others.
package decode

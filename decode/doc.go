// Package decode knows what the arguments of system calls mean. Each call has
// one description, as data; walking it with the registers and the memory of a
// tracee drives an output.Encoder, whatever the output format.
//
// This package is the face: NewDecoder makes a Decoder, which looks up the
// Signature of a call; a Call shows itself by it. Below are
//
//   - the description language, package lang;
//   - the vocabulary that subsystems share, package kernel;
//   - the catalogue, one package per subsystem: bpf, file, ioctl, ipc, kvm, memory, net,
//     netlink, process, uring. Their Groups of calls and their Requests, which are
//     ioctls, are listed in subsystems.go;
//   - what is not in a tracee's memory, package host;
//   - registers, package registers, which the others have nothing to do with.
package decode

// Package kernel is the vocabulary that the descriptions of several subsystems
// share: Types for file descriptors, process ids, signals, times, modes, devices,
// socket addresses, buffers, BPF programs. They query the machine only through
// the Host in a Decoder's Settings.
//
// A Type that only one subsystem uses is in the package of that subsystem.
package kernel

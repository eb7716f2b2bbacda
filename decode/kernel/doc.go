// Package kernel is the vocabulary that the descriptions of several subsystems
// share: Types for file descriptors, process ids, signals, times, modes, devices,
// socket addresses, buffers, BPF programs. What these ask of the machine they ask of
// the Host in a Decoder's Context.
//
// A Type that one subsystem alone uses belongs to that one.
package kernel

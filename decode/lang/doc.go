// Package lang is the language that system calls are described in: Types, which
// have a layout under each ABI and show the bytes they are given, and the words
// that make Types of others. It also has the Call that a description is walked
// for, and the Decoder that all Calls share.
//
// Nothing in here is about an object of the kernel: what is belongs to package
// kernel or to a subsystem. What these keep while they decode lies in a CallSlot or
// DecoderSlot of theirs.
package lang

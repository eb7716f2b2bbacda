// Package lang is the language that system calls are described in: Types, which
// have a layout under each ABI and show the bytes they are given, and the words
// that make Types of others. It also has the Call that a description is walked
// for, and the Decoder that all Calls share.
//
// Nothing here is about objects of the kernel: those belong to package kernel or
// to a subsystem, which keep what they remember while decoding in a CallSlot or
// DecoderSlot of their own.
package lang

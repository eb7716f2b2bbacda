// Package lang is the language in which system calls are described. It has Types, which
// have a layout under each ABI and show the bytes that they are given, and the words that
// make Types from other Types. It also has Call, for which a description is walked, and
// the Decoder that all Calls share.
//
// Nothing here concerns objects of the kernel. Those belong to package kernel or to a
// subsystem, which store what they remember while decoding in their own CallSlot or
// DecoderSlot.
package lang

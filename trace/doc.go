// Package trace traces the system calls of programs: it joins the engine
// (package tracer), the decoder (package decode) and the output (package output).
package trace

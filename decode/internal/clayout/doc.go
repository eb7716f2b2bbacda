// Package clayout compares the layouts of described structs with those that a C
// compiler gives them.
package clayout

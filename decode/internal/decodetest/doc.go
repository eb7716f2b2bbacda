// Package decodetest has tests decode samples of calls, and compare the text. It
// needs the package decode, so that tests inside of a package below decode cannot
// use it: they are external ones, or do with package fake.
package decodetest

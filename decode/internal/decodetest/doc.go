// Package decodetest lets tests decode samples of calls and compare the text. It imports
// package decode. So tests inside of packages below decode cannot use it: they are
// external tests, or use package fake.
package decodetest

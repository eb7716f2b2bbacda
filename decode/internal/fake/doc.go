// Package fake has tracees for tests of what decodes them: their memory, the host
// that they run on, and logs of what was decoded.
package fake

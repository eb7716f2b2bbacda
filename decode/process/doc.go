// Package process describes the calls about processes and the system that they
// run on: making, executing and waiting for them, ids and credentials,
// capabilities, keys, security modules, signals, scheduling, limits, clocks and
// timers, tracing and performance events.
//
// A description is one line in the Calls of the file it belongs to. Calls that
// are new are listed in Groups, new ioctls in Requests.
package process

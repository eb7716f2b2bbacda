// Package process describes the calls that concern processes and the system as a
// whole: creating, executing and waiting for processes, ids and credentials,
// capabilities, keys, security modules, signals, scheduling, limits, clocks and
// timers, tracing and performance events.
//
// Each call is one line in the Calls variable of its file. A new variable has to
// be listed in Groups or, if its type is Ioctls, in Requests.
package process

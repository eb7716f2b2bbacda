// Package ipc describes the calls by which processes synchronize and exchange
// messages: System V IPC, POSIX message queues, futexes, restartable sequences.
//
// Each call is one line in the Calls variable of its file. A new variable has to
// be listed in Groups.
package ipc

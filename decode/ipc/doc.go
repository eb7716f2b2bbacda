// Package ipc describes the calls by which processes synchronize and send each
// other messages: System V IPC, POSIX message queues, futexes, restartable sequences.
//
// A description is one line in the Calls of the file it belongs to. Calls that
// are new are listed in Groups.
package ipc

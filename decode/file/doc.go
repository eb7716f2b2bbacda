// Package file describes the calls about files: opening, reading and writing
// them, their names, attributes, locks and directories, file systems and mounts,
// waiting for files to be ready, asynchronous I/O.
//
// A description is one line in the Calls of the file it belongs to. Calls that
// are new are listed in Groups.
package file

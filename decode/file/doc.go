// Package file describes the calls that concern files: opening, reading and
// writing them; names, attributes, locks and directories; file systems and
// mounts; waiting until files are ready; asynchronous I/O.
//
// Each call is one line in the Calls variable of its file. A new variable has to
// be listed in Groups.
package file

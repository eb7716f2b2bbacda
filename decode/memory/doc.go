// Package memory describes the calls about address spaces: mappings, protection,
// advice, NUMA policy, userfaultfd.
//
// A description is one line in the Calls of the file it belongs to. Calls that
// are new are listed in Groups, new ioctls in Requests.
package memory

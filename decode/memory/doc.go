// Package memory describes the calls that manage address spaces: mappings,
// protection, advice, NUMA policy, userfaultfd.
//
// Each call is one line in the Calls variable of its file. A new variable has to
// be listed in Groups or, if its type is Ioctls, in Requests.
package memory

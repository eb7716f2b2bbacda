// Package ioctl describes ioctl requests and their arguments. Requests of
// subsystems that have a package of their own are described there.
//
// Each line in the Ioctls variable of a file has the names of requests and the
// type of their argument. A new variable has to be listed in Requests.
package ioctl

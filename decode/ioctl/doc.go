// Package ioctl describes ioctl requests and their arguments. Requests of
// subsystems that have packages of their own are described there.
//
// A description is one line in the Ioctls of the file it belongs to: the names of
// requests, and the type of their argument. Ioctls that are new are listed in
// Requests.
package ioctl

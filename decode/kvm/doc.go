// Package kvm describes the ioctls of KVM and the state of virtual processors,
// struct kvm_run.
//
// Each ioctl is one line in ioctls (ioctl.go).
package kvm

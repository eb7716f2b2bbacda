// Package kvm describes the ioctls of KVM and the state of virtual processors,
// struct kvm_run.
//
// A description is one line in kvmIoctls.
package kvm

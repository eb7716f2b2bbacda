package decode

// kvmRequests are the ioctls described here, one line a file.
var kvmRequests = []ioctls{
	kvmIoctls,
}

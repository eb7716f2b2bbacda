package decode

// subsystems lists the descriptions, one line a file.
var subsystems = [...]subsystem{
	{both: ioCalls},
	{both: ioctlCalls},
}

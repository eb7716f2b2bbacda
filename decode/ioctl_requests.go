package decode

// ioctlListed are the ioctls described here, one line a file.
var ioctlListed = []ioctls{
	termiosIoctls, blockIoctls, hdioIoctls, loopIoctls, nbdIoctls, fsIoctls, btrfsIoctls, rtcIoctls,
	ptpIoctls, watchdogIoctls, counterIoctls, mtdIoctls, ubiIoctls, dmIoctls, processIoctls,
	inputIoctls, gpioIoctls, socketIoctls, miscIoctls, scsiIoctls, consoleIoctls, teeIoctls, v4l2Ioctls,
	tunIoctls,
}

// ioctlNative are described for 64-bit programs alone.
var ioctlNative = []ioctls{nativeHdioIoctls}

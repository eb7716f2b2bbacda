package ioctl

import (
	. "trapline/decode/kernel"
)

// Requests are the ioctls described here, one line a file.
var Requests = []Ioctls{
	termiosIoctls, blockIoctls, hdioIoctls, loopIoctls, nbdIoctls, fsIoctls, btrfsIoctls, rtcIoctls,
	ptpIoctls, watchdogIoctls, counterIoctls, mtdIoctls, ubiIoctls, dmIoctls, processIoctls,
	inputIoctls, gpioIoctls, socketIoctls, miscIoctls, scsiIoctls, consoleIoctls, teeIoctls, v4l2Ioctls,
	tunIoctls,
}

// NativeRequests are described for 64-bit programs alone.
var NativeRequests = []Ioctls{nativeHdioIoctls}

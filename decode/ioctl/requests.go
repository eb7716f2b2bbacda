package ioctl

import (
	. "trapline/decode/kernel"
)

// Requests lists the ioctls described here, one line per file.
var Requests = []Ioctls{
	termiosIoctls, blockIoctls, hdioIoctls, loopIoctls, nbdIoctls, fsIoctls, btrfsIoctls, rtcIoctls,
	ptpIoctls, watchdogIoctls, counterIoctls, mtdIoctls, ubiIoctls, dmIoctls, processIoctls,
	inputIoctls, gpioIoctls, socketIoctls, miscIoctls, scsiIoctls, consoleIoctls, teeIoctls, v4l2Ioctls,
	tunIoctls,
}

// NativeRequests are requests that are described for 64-bit programs only.
var NativeRequests = []Ioctls{nativeHdioIoctls}

package main

import (
	"fmt"
	"strings"
)

// commandPath is where the machine finds the command's script.
const (
	commandFolder = "/run/vm"
	commandPath   = commandFolder + "/command"
)

// command is what the machine is to run.
type command struct {
	dir  string
	argv []string
}

// script is a shell script that becomes the command.
func (c command) script() string {
	quoted := make([]string, len(c.argv))
	for i, arg := range c.argv {
		quoted[i] = quote(arg)
	}
	return fmt.Sprintf("#!/bin/sh\ncd %s && exec %s\n", quote(c.dir), strings.Join(quoted, " "))
}

// quote makes one word of a shell's of any text.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Lines that init writes to its second serial port.
const (
	startedLine  = "started"
	statusPrefix = "status "
)

// initScript is the machine's first process. Busybox gives it and the command
// the usual programs, in /bin; those named by flags come first on the path. The
// status goes to a serial port of its own, so that nothing that the command
// prints can be taken for it. The last word of the kernel, "reboot: Power down",
// is kept from the console.
//
// A disk is mounted where mountPoint says. If that is "/", it takes the place of
// all other files, for the command alone.
func initScript(mountPoint string) string {
	mount, run := "", commandPath
	switch mountPoint {
	case "":
	case "/": // moved, since a process in a plain chroot may create no user namespaces
		mount = `mkdir /disk
mount -t ext4 /dev/nvme0n1 /disk || exit
mkdir -p /disk/proc /disk/sys /disk/dev /disk/tmp /disk` + commandFolder + `
cp ` + commandPath + ` /disk` + commandPath + `
for d in proc sys dev; do mount -o rbind /$d /disk/$d; done
`
		run = "(cd /disk && mount -o move . / && exec chroot . " + commandPath + ")"
	default:
		mount = fmt.Sprintf("mkdir -p %[1]s\nmount -t ext4 /dev/nvme0n1 %[1]s || exit\n", quote(mountPoint))
	}
	return `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /root /usr/bin /usr/sbin /sbin /var/tmp
/bin/busybox --install -s /bin
export PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
ln -s /proc/self/fd /dev/fd
chmod 1777 /tmp /var/tmp
hostname vm
ip link set lo up
` + mount + `stty raw -echo </dev/ttyS0
stty raw -echo </dev/ttyS1
echo ` + startedLine + ` >/dev/ttyS1
` + run + ` </dev/null >/dev/ttyS0 2>&1
echo ` + statusPrefix + `$? >/dev/ttyS1
sync
echo 0 >/proc/sys/kernel/printk
poweroff -f
`
}

package main

import (
	"fmt"
	"strings"
)

// commandPath is the path of the command's script in the machine.
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

// quote turns any text into one word of a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Lines that init writes to its second serial port.
const (
	startedLine  = "started"
	statusPrefix = "status "
)

// initScript is the script of the machine's first process. Busybox provides the
// usual programs in /bin; programs that flags name come first on the path. The
// status goes to a separate serial port, so that it cannot be confused with the
// command's output. The kernel's last message, "reboot: Power down", is
// suppressed.
//
// A disk is mounted at mountPoint. If that is "/", it becomes the root file
// system of the command.
func initScript(mountPoint string) string {
	mount, run := "", commandPath
	switch mountPoint {
	case "":
	case "/": // moved, because a process in a plain chroot may not create user namespaces
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

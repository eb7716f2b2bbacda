package decode

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/tables"
)

// TestLayoutsAgainstC compares where the members of described structs lie with
// what a C compiler says of the kernel's headers, for both ABIs. Headers that
// are older than the descriptions lack structs and members: those are passed
// over. C_INCLUDE_PATH may name other headers than the installed ones.
func TestLayoutsAgainstC(t *testing.T) {
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		t.Run(fmt.Sprintf("-m%d", abi.Bits()), func(t *testing.T) {
			need.All(t, map[tables.ABI]*need.Feature{tables.X86_64: need.GCC64, tables.I386: need.GCC32}[abi])
			own := cStructs64
			if abi == tables.I386 {
				own = cStructs32
			}
			var kernel, libc []cStruct
			for _, s := range slices.Concat(cStructs, own) {
				if withLibc[s.header] {
					libc = append(libc, s)
				} else {
					kernel = append(kernel, s)
				}
			}
			compared := compareLayouts(t, abi, kernel) + compareLayouts(t, abi, libc)
			if compared < 400 {
				t.Errorf("only %d members of structs are in these headers", compared)
			}
		})
	}
}

// withLibc are the headers that include headers of the C library, or need what
// is in them. The C library defines struct timeval, iovec, winsize and others,
// and so do headers of the kernel: that takes two C programs, not one.
var withLibc = map[string]bool{
	"linux/errqueue.h": true, "linux/if.h": true, "linux/input.h": true, "linux/mctp.h": true, "linux/videodev2.h": true, "linux/vm_sockets.h": true,
}

// assertion is one line for the compiler to check.
type assertion struct {
	st     *cStruct
	member string // empty for the size of the struct
	want   int
}

// compareLayouts compiles one C program with the headers of all the structs. It
// gives the number of members that it found in them. Where the headers do not
// go together, since they are other versions than usual, each gets a program.
func compareLayouts(t *testing.T, abi tables.ABI, structs []cStruct) int {
	var src strings.Builder
	src.WriteString("#include <stddef.h>\n")
	var headers []string
	for _, s := range structs {
		if !slices.Contains(headers, s.header) {
			headers = append(headers, s.header)
		}
	}
	if withLibc[headers[0]] {
		src.WriteString("#include <sys/types.h>\n")
	}
	for _, h := range headers {
		fmt.Fprintf(&src, "#if __has_include(<%s>)\n#include <%[1]s>\n#endif\n", h)
	}
	var lines []assertion
	// Two declarations of an array with different sizes are an error whose
	// message, other than that of _Static_assert, has the sizes in it.
	assert := func(s *cStruct, member, expression string, want int) {
		lines = append(lines, assertion{s, member, want})
		fmt.Fprintf(&src, "#line %d \"assertion\"\nextern char a%[1]d[%[2]d], a%[1]d[%[3]s];\n", len(lines), want, expression)
	}
	for i := range structs {
		s := &structs[i]
		for _, m := range s.st.members() {
			// In C, cmd of struct io_uring_sqe begins within the first 64 bytes.
			if identifier.MatchString(m.name) && m.name != "cmd" && !reserved.MatchString(m.name) && hasLayout(abi, m.typ) {
				assert(s, m.name, fmt.Sprintf("offsetof(%s, %s)", s.name, m.name), m.off[abi])
			}
		}
		assert(s, "", fmt.Sprintf("sizeof(%s)", s.name), s.st.Layout(abi).Size)
	}
	complaints, broken := compileC(abi, src.String())
	if broken != "" && len(headers) > 1 {
		t.Logf("each header for itself, since together they cannot be used: %s", broken)
		compared := 0
		for _, h := range headers {
			var of []cStruct
			for _, s := range structs {
				if s.header == h {
					of = append(of, s)
				}
			}
			compared += compareLayouts(t, abi, of)
		}
		return compared
	}
	if broken != "" {
		t.Logf("<%s> cannot be used: %s", headers[0], broken)
	}
	if broken != "" && len(complaints) == 0 {
		return 0
	}
	incomplete := make(map[*cStruct]bool) // the header is older than the description
	missing := 0
	for n, message := range complaints {
		if !unequal.MatchString(message) {
			missing++
			incomplete[lines[n].st] = true
		}
	}
	for n, a := range lines {
		message, ok := complaints[n]
		if !ok || !unequal.MatchString(message) {
			continue
		}
		got := cmp.Or(unequal.FindStringSubmatch(message)[1], "another")
		switch {
		case a.member != "":
			t.Errorf("%v, <%s>: %s.%s is described at offset %d, but is at %s", abi, a.st.header, a.st.name, a.member, a.want, got)
		case !incomplete[a.st] && !partial[a.st.name]:
			t.Errorf("%v, <%s>: %s is described with size %d, but has %s", abi, a.st.header, a.st.name, a.want, got)
		}
	}
	return len(lines) - missing
}

var (
	identifier = regexp.MustCompile(`^[a-z]\w*$`)
	// reserved are members that later versions of a struct make room from.
	reserved = regexp.MustCompile(`^_*(re?sv|rsvd|reserved|spare|pad)`)
)

// hasLayout says that a member has a place in the C struct: other than those
// that show what earlier members mean.
func hasLayout(abi tables.ABI, typ Type) bool {
	_, flexible := typ.(*array)
	return flexible || typ.Layout(abi).Size > 0
}

// partial are structs of which what is behind the last member of interest is
// not described.
var partial = map[string]bool{
	"struct dm_ioctl": true, "struct dm_name_list": true, "struct if_dqblk": true, "struct kvm_run": true, "struct ptrace_syscall_info": true, "struct rseq": true,
	"struct sysinfo": true, "struct sockaddr_in": true, "struct sockaddr_in6": true, "struct sockaddr_ll": true, "struct sockaddr_rxrpc": true,
}

var (
	complaint = regexp.MustCompile(`(?m)^(.+?):(\d+):.* error: (.*)$`)
	// Compilers before gcc 11 do not tell the size.
	unequal = regexp.MustCompile(`^conflicting types for [^;]*(?:; have 'char\[(\d+)\]')?`)
)

// compileC checks a C program. It gives the compiler's complaints of the
// assertions, by their number from 0, and the first complaint of anything else.
func compileC(abi tables.ABI, source string) (complaints map[int]string, broken string) {
	cmd := exec.Command("gcc", fmt.Sprintf("-m%d", abi.Bits()), "-std=gnu11", "-w", "-fsyntax-only", "-fmax-errors=0", "-x", "c", "-")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin = strings.NewReader(source)
	out, err := cmd.CombinedOutput()
	complaints = make(map[int]string)
	for _, m := range complaint.FindAllStringSubmatch(string(out), -1) {
		if m[1] == "assertion" {
			n, _ := strconv.Atoi(m[2])
			complaints[n-1] = m[3]
		} else if broken == "" {
			broken = m[0]
		}
	}
	if err != nil && len(complaints) == 0 && broken == "" {
		broken = fmt.Sprintf("%v: %s", err, out)
	}
	return complaints, broken
}

// cStruct is a described struct and what C calls it.
type cStruct struct {
	header, name string
	st           *StructType
}

var cStructs = []cStruct{
	{"asm-generic/fcntl.h", "struct f_owner_ex", ownerEx},
	{"asm-generic/ipcbuf.h", "struct ipc64_perm", ipcPermission},
	{"asm-generic/poll.h", "struct pollfd", polled},
	{"asm-generic/poll.h", "struct pollfd", pollfd},
	{"asm/signal.h", "struct sigaltstack", sigstack},
	{"asm-generic/statfs.h", "struct statfs", statfs},
	{"asm-generic/termbits.h", "struct termios", termios},
	{"asm-generic/termbits.h", "struct termios2", termios2},
	{"asm-generic/termios.h", "struct termio", termio},
	{"asm-generic/termios.h", "struct winsize", winsize},
	{"asm/ldt.h", "struct user_desc", userDescWhole},
	{"asm/stat.h", "struct __old_kernel_stat", oldStat},
	{"linux/aio_abi.h", "struct io_event", ioEvent},
	{"linux/ax25.h", "struct sockaddr_ax25", sockaddrAX25},
	{"linux/blkpg.h", "struct blkpg_ioctl_arg", blkpgIoctlArg},
	{"linux/blkpg.h", "struct blkpg_partition", blkpgPartition},
	{"linux/blktrace_api.h", "struct blk_user_trace_setup", blkUserTraceSetup},
	{"linux/bpf.h", "struct bpf_insn", bpfInstruction},
	{"linux/bpf.h", "struct bpf_map_info", bpfMapInfo},
	{"linux/bpf.h", "struct bpf_prog_info", bpfProgInfo},
	{"linux/btrfs.h", "struct btrfs_balance_args", btrfsBalanceArgs},
	{"linux/btrfs.h", "struct btrfs_data_container", btrfsPaths},
	{"linux/btrfs.h", "struct btrfs_ioctl_balance_args", btrfsBalance},
	{"linux/btrfs.h", "struct btrfs_ioctl_defrag_range_args", btrfsDefragRange},
	{"linux/btrfs.h", "struct btrfs_ioctl_dev_info_args", btrfsDevInfo},
	{"linux/btrfs.h", "struct btrfs_ioctl_dev_replace_args", btrfsDevReplace},
	{"linux/btrfs.h", "struct btrfs_ioctl_dev_replace_start_params", btrfsReplaceStart},
	{"linux/btrfs.h", "struct btrfs_ioctl_dev_replace_status_params", btrfsReplaceStatus},
	{"linux/btrfs.h", "struct btrfs_ioctl_feature_flags", btrfsFeatures},
	{"linux/btrfs.h", "struct btrfs_ioctl_fs_info_args", btrfsFsInfo},
	{"linux/btrfs.h", "struct btrfs_ioctl_get_dev_stats", btrfsDevStats},
	{"linux/btrfs.h", "struct btrfs_ioctl_ino_lookup_args", btrfsInoLookup(btrfsID)},
	{"linux/btrfs.h", "struct btrfs_ioctl_ino_path_args", btrfsInoPath(Addr64)},
	{"linux/btrfs.h", "struct btrfs_ioctl_logical_ino_args", btrfsLogicalIno(Addr64)},
	{"linux/btrfs.h", "struct btrfs_ioctl_qgroup_assign_args", btrfsQgroupAssign},
	{"linux/btrfs.h", "struct btrfs_ioctl_qgroup_create_args", btrfsQgroupCreate},
	{"linux/btrfs.h", "struct btrfs_ioctl_qgroup_limit_args", btrfsQgroupLimitArgs},
	{"linux/btrfs.h", "struct btrfs_ioctl_quota_ctl_args", btrfsQuotaCtl},
	{"linux/btrfs.h", "struct btrfs_ioctl_quota_rescan_args", btrfsQuotaRescan},
	{"linux/btrfs.h", "struct btrfs_ioctl_received_subvol_args", btrfsReceivedSubvol},
	{"linux/btrfs.h", "struct btrfs_ioctl_scrub_args", btrfsScrub},
	{"linux/btrfs.h", "struct btrfs_ioctl_search_args_v2", btrfsSearchV2},
	{"linux/btrfs.h", "struct btrfs_ioctl_search_header", btrfsSearchHeader},
	{"linux/btrfs.h", "struct btrfs_ioctl_search_key", btrfsSearchKey},
	{"linux/btrfs.h", "struct btrfs_ioctl_send_args", btrfsSendArgs},
	{"linux/btrfs.h", "struct btrfs_ioctl_space_args", btrfsSpace},
	{"linux/btrfs.h", "struct btrfs_ioctl_space_info", btrfsSpaceInfo},
	{"linux/btrfs.h", "struct btrfs_ioctl_timespec", btrfsTimespec},
	{"linux/btrfs.h", "struct btrfs_ioctl_vol_args", btrfsVolArgs},
	{"linux/btrfs.h", "struct btrfs_ioctl_vol_args_v2", btrfsVolArgsV2},
	{"linux/btrfs.h", "struct btrfs_qgroup_inherit", btrfsQgroupInherit},
	{"linux/btrfs.h", "struct btrfs_qgroup_limit", btrfsQgroupLimit},
	{"linux/btrfs.h", "struct btrfs_scrub_progress", btrfsScrubProgress},
	{"linux/capability.h", "struct __user_cap_data_struct", capData32},
	{"linux/capability.h", "struct __user_cap_header_struct", capHeader},
	{"linux/counter.h", "struct counter_watch", counterWatch},
	{"linux/cryptouser.h", "struct crypto_user_alg", cryptoMessage},
	{"linux/dm-ioctl.h", "struct dm_ioctl", dmIoctl},
	{"linux/dm-ioctl.h", "struct dm_name_list", dmNameList},
	{"linux/dm-ioctl.h", "struct dm_target_deps", dmTargetDeps},
	{"linux/dm-ioctl.h", "struct dm_target_msg", dmTargetMsg},
	{"linux/dm-ioctl.h", "struct dm_target_spec", dmTargetSpec},
	{"linux/dm-ioctl.h", "struct dm_target_versions", dmTargetVersions},
	{"linux/dqblk_xfs.h", "struct fs_disk_quota", xfsQuota},
	{"linux/dqblk_xfs.h", "struct fs_qfilestat", xfsFileStat},
	{"linux/dqblk_xfs.h", "struct fs_qfilestatv", xfsFileStatV},
	{"linux/dqblk_xfs.h", "struct fs_quota_stat", xfsQuotaStat},
	{"linux/dqblk_xfs.h", "struct fs_quota_statv", xfsQuotaStatV},
	{"linux/errqueue.h", "struct sock_extended_err", extendedError},
	{"linux/eventpoll.h", "struct epoll_event", epollEvent},
	{"linux/eventpoll.h", "struct epoll_params", epollParams},
	{"linux/fcntl.h", "struct delegation", delegation},
	{"linux/fib_rules.h", "struct fib_rule_hdr", ruleMessage.head},
	{"linux/fiemap.h", "struct fiemap", fiemap},
	{"linux/fiemap.h", "struct fiemap_extent", fiemapExtent},
	{"linux/fs.h", "struct file_attr", fileAttr},
	{"linux/fs.h", "struct file_clone_range", fileCloneRange},
	{"linux/fs.h", "struct file_dedupe_range_info", fileDedupeRangeInfo},
	{"linux/fs.h", "struct fs_sysfs_path", fsSysfsPath},
	{"linux/fs.h", "struct fstrim_range", fstrimRange},
	{"linux/fs.h", "struct fsuuid2", fsuuid2},
	{"linux/fs.h", "struct fsxattr", fsxattr},
	{"linux/fs.h", "struct logical_block_metadata_cap", logicalBlockMetadataCap},
	{"linux/futex.h", "struct futex_waitv", futexWaitv},
	{"linux/gpio.h", "struct gpio_v2_line_attribute", gpioV2LineAttribute},
	{"linux/gpio.h", "struct gpio_v2_line_attribute", gpioV2UnknownAttribute},
	{"linux/gpio.h", "struct gpio_v2_line_config", gpioV2LineConfig},
	{"linux/gpio.h", "struct gpio_v2_line_info", gpioV2LineInfo},
	{"linux/gpio.h", "struct gpio_v2_line_request", gpioV2LineRequest},
	{"linux/gpio.h", "struct gpio_v2_line_values", gpioV2LineValues},
	{"linux/gpio.h", "struct gpiochip_info", gpiochipInfo},
	{"linux/gpio.h", "struct gpioevent_request", gpioeventRequest},
	{"linux/gpio.h", "struct gpiohandle_config", gpiohandleConfig},
	{"linux/gpio.h", "struct gpiohandle_data", gpiohandleData},
	{"linux/gpio.h", "struct gpiohandle_request", gpiohandleRequest},
	{"linux/gpio.h", "struct gpioline_info", gpiolineInfo},
	{"linux/hdreg.h", "struct hd_drive_cmd_hdr", hdDriveCmd},
	{"linux/hdreg.h", "struct hd_geometry", hdGeometry},
	{"linux/if.h", "struct ifconf", ifConfStruct},
	{"linux/if.h", "struct ifmap", ifMap},
	{"linux/if.h", "struct ifreq", ifConfReq},
	{"linux/if_addr.h", "struct ifaddrmsg", addrMessage.head},
	{"linux/if_addrlabel.h", "struct ifaddrlblmsg", addrLabelMessage.head},
	{"linux/if_alg.h", "struct sockaddr_alg_new", sockaddrAlg},
	{"linux/if_bridge.h", "struct br_mcast_stats", bridgeMulticastStats},
	{"linux/if_bridge.h", "struct br_mdb_entry", multicastEntry},
	{"linux/if_bridge.h", "struct br_port_msg", bridgePortMessage.head},
	{"linux/if_link.h", "struct if_stats_msg", linkStatsMessage.head},
	{"linux/if_link.h", "struct rtnl_link_stats64", linkStats64Whole},
	{"linux/if_packet.h", "struct sockaddr_ll", sockaddrPacket},
	{"linux/if_packet.h", "struct tpacket_stats_v3", packetRing},
	{"linux/if_packet.h", "struct tpacket_stats_v3", packetStatistics},
	{"linux/if_xdp.h", "struct sockaddr_xdp", sockaddrXDP},
	{"linux/if_tun.h", "struct tun_filter", tunFilter},
	{"linux/in.h", "struct group_req", groupRequest},
	{"linux/in.h", "struct in_pktinfo", packetInfo},
	{"linux/in.h", "struct ip_mreqn", multicastRequest},
	{"linux/in.h", "struct sockaddr_in", sockaddrInet},
	{"linux/in6.h", "struct sockaddr_in6", sockaddrInet6},
	{"linux/inet_diag.h", "struct inet_diag_bc_op", diagOperation},
	{"linux/inet_diag.h", "struct inet_diag_hostcond", hostCondition},
	{"linux/inet_diag.h", "struct inet_diag_msg", inetDiagMsg.head},
	{"linux/inet_diag.h", "struct inet_diag_req", inetDiagReqCompat.head},
	{"linux/inet_diag.h", "struct inet_diag_req_v2", inetDiagReq.head},
	{"linux/input.h", "struct ff_effect", ffEffect},
	{"linux/input.h", "struct ff_envelope", ffEnvelope},
	{"linux/input.h", "struct ff_periodic_effect", ffPeriodicEffect},
	{"linux/input.h", "struct input_absinfo", inputAbsinfo},
	{"linux/input.h", "struct input_id", inputID},
	{"linux/input.h", "struct input_keymap_entry", inputKeymapEntry},
	{"linux/io_uring.h", "struct io_uring_attr_pi", ioUringAttrPI},
	{"linux/io_uring.h", "struct io_uring_buf_reg", ioUringBufReg},
	{"linux/io_uring.h", "struct io_uring_buf_status", ioUringBufStatus},
	{"linux/io_uring.h", "struct io_uring_clock_register", ioUringClockRegister},
	{"linux/io_uring.h", "struct io_uring_clone_buffers", ioUringCloneBuffers},
	{"linux/io_uring.h", "struct io_uring_file_index_range", ioUringFileIndexRange},
	{"linux/io_uring.h", "struct io_uring_files_update", ioUringFilesUpdate},
	{"linux/io_uring.h", "struct io_uring_getevents_arg", ioUringGeteventsArg},
	{"linux/io_uring.h", "struct io_uring_mem_region_reg", ioUringMemRegionReg},
	{"linux/io_uring.h", "struct io_uring_napi", ioUringNapi},
	{"linux/io_uring.h", "struct io_uring_params", ioUringParams},
	{"linux/io_uring.h", "struct io_uring_probe_op", ioUringProbeOp},
	{"linux/io_uring.h", "struct io_uring_restriction", ioUringRestriction},
	{"linux/io_uring.h", "struct io_uring_rsrc_update", uringRingFD},
	{"linux/io_uring.h", "struct io_uring_sqe", ioUringSqe},
	{"linux/io_uring.h", "struct io_uring_sync_cancel_reg", ioUringSyncCancelReg},
	{"linux/io_uring/query.h", "struct io_uring_query_hdr", ioUringQueryHdr},
	{"linux/io_uring/zcrx.h", "struct io_uring_zcrx_ifq_reg", ioUringZcrxIfqReg},
	{"linux/io_uring/zcrx.h", "struct zcrx_ctrl", zcrxCtrl},
	{"linux/ipx.h", "struct sockaddr_ipx", sockaddrIPX},
	{"linux/kcmp.h", "struct kcmp_epoll_slot", kcmpEpollSlot},
	{"linux/kd.h", "struct console_font_op", consoleFontOp},
	{"linux/kd.h", "struct consolefontdesc", consoleFontDesc},
	{"linux/kd.h", "struct kbd_repeat", kbdRepeat},
	{"linux/kd.h", "struct kbkeycode", kbKeycode},
	{"linux/kd.h", "struct unimapdesc", unimapDesc},
	{"linux/kd.h", "struct unimapinit", unimapInit},
	{"linux/kd.h", "struct unipair", unicodePair},
	{"linux/kexec.h", "struct kexec_segment", kexecSegment},
	{"linux/keyctl.h", "struct keyctl_dh_params", keyctlDHParams},
	{"linux/keyctl.h", "struct keyctl_kdf_params", keyctlKDFParams},
	{"linux/keyctl.h", "struct keyctl_pkey_query", keyctlPkeyQuery},
	{"linux/kvm.h", "struct kvm_cpuid2", kvmCpuid2},
	{"linux/kvm.h", "struct kvm_cpuid_entry2", kvmCpuidEntry2},
	{"linux/kvm.h", "struct kvm_dtable", kvmDtable},
	{"linux/kvm.h", "struct kvm_regs", kvmRegs},
	{"linux/kvm.h", "struct kvm_run", kvmRun},
	{"linux/kvm.h", "struct kvm_segment", kvmSegment},
	{"linux/kvm.h", "struct kvm_sregs", kvmSregs},
	{"linux/kvm.h", "struct kvm_userspace_memory_region", kvmUserspaceMemoryRegion},
	{"linux/landlock.h", "struct landlock_net_port_attr", landlockNetPortAttr},
	{"linux/landlock.h", "struct landlock_path_beneath_attr", landlockPathBeneathAttr},
	{"linux/landlock.h", "struct landlock_ruleset_attr", landlockRulesetAttr},
	{"linux/loop.h", "struct loop_config", loopConfig},
	{"linux/loop.h", "struct loop_info", loopInfo},
	{"linux/loop.h", "struct loop_info64", loopInfo64},
	{"linux/lsm.h", "struct lsm_ctx", lsmCtx},
	{"linux/mctp.h", "struct sockaddr_mctp", sockaddrMCTP},
	{"linux/mman.h", "struct cachestat", cachestat},
	{"linux/mman.h", "struct cachestat_range", cachestatRange},
	{"linux/mount.h", "struct mnt_id_req", listRequest},
	{"linux/mount.h", "struct mnt_id_req", mountRequest},
	{"linux/mount.h", "struct mount_attr", mountAttr},
	{"linux/mount.h", "struct statmount", statmount},
	{"linux/mqueue.h", "struct mq_attr", mqAttr},
	{"linux/msg.h", "struct msginfo", msgInfo},
	{"linux/neighbour.h", "struct ndmsg", neighMessage.head},
	{"linux/netlink.h", "struct nlattr", nlattr},
	{"linux/netlink.h", "struct nlmsghdr", nlmsghdr},
	{"linux/netlink.h", "struct sockaddr_nl", sockaddrNetlink},
	{"linux/netlink_diag.h", "struct netlink_diag_msg", netlinkDiagMsg.head},
	{"linux/netlink_diag.h", "struct netlink_diag_req", netlinkDiagReq.head},
	{"linux/nexthop.h", "struct nhmsg", nexthopMessage.head},
	{"linux/nfc.h", "struct sockaddr_nfc", sockaddrNFC},
	{"linux/nsfs.h", "struct mnt_ns_info", mntNsInfo},
	{"linux/nsfs.h", "struct ns_id_req", nsRequest},
	{"linux/openat2.h", "struct open_how", openHow},
	{"linux/packet_diag.h", "struct packet_diag_msg", packetDiagMsg.head},
	{"linux/packet_diag.h", "struct packet_diag_req", packetDiagReq.head},
	{"linux/perf_event.h", "struct perf_event_attr", perfEventAttr},
	{"linux/perf_event.h", "struct perf_event_query_bpf", perfQueryBPF},
	{"linux/pidfd.h", "struct pidfd_info", pidfdInfo},
	{"linux/ptp_clock.h", "struct ptp_clock_caps", ptpClockCaps},
	{"linux/ptp_clock.h", "struct ptp_clock_time", ptpClockTime},
	{"linux/ptp_clock.h", "struct ptp_extts_request", ptpExttsRequest},
	{"linux/ptp_clock.h", "struct ptp_pin_desc", ptpPinDesc},
	{"linux/ptp_clock.h", "struct ptp_sys_offset", ptpSysOffset},
	{"linux/ptp_clock.h", "struct ptp_sys_offset_extended", ptpSysOffsetExtended},
	{"linux/ptp_clock.h", "struct ptp_sys_offset_precise", ptpSysOffsetPrecise},
	{"linux/ptrace.h", "struct ptrace_peeksiginfo_args", peekSiginfo},
	{"linux/ptrace.h", "struct ptrace_syscall_info", syscallInfoStruct},
	{"linux/qrtr.h", "struct sockaddr_qrtr", sockaddrQRTR},
	{"linux/quota.h", "struct if_dqblk", dqblk},
	{"linux/quota.h", "struct if_dqinfo", dqinfo},
	{"linux/quota.h", "struct if_nextdqblk", nextDqblk},
	{"linux/random.h", "struct rand_pool_info", randPoolInfo},
	{"linux/resource.h", "struct rlimit", Rlimit},
	{"linux/resource.h", "struct rlimit64", Rlimit64},
	{"linux/resource.h", "struct rusage", Rusage},
	{"linux/rseq.h", "struct rseq", rseqArea},
	{"linux/rseq.h", "struct rseq_cs", rseqSection},
	{"linux/rtc.h", "struct rtc_param", rtcParam},
	{"linux/rtc.h", "struct rtc_pll_info", rtcPllInfo},
	{"linux/rtc.h", "struct rtc_time", rtcTime},
	{"linux/rtc.h", "struct rtc_wkalrm", rtcWkalrm},
	{"linux/rtnetlink.h", "struct ifinfomsg", linkMessage.head},
	{"linux/rtnetlink.h", "struct rtmsg", routeMessage.head},
	{"linux/rtnetlink.h", "struct rtnexthop", rtnexthop},
	{"linux/rtnetlink.h", "struct tcamsg", tcActionMessage.head},
	{"linux/rtnetlink.h", "struct tcmsg", tcMessage.head},
	{"linux/rxrpc.h", "struct sockaddr_rxrpc", sockaddrRxRPC},
	{"linux/sched.h", "struct clone_args", cloneArgs},
	{"linux/sched/types.h", "struct sched_attr", schedAttrSet},
	{"linux/sched/types.h", "struct sched_attr", schedAttr},
	{"linux/seccomp.h", "struct seccomp_notif", seccompNotif},
	{"linux/seccomp.h", "struct seccomp_notif_addfd", seccompNotifAddfd},
	{"linux/seccomp.h", "struct seccomp_notif_resp", seccompNotifResp},
	{"linux/seccomp.h", "struct seccomp_notif_sizes", seccompNotifSizes},
	{"linux/sem.h", "struct sembuf", semOperation},
	{"linux/sem.h", "struct seminfo", semInfo},
	{"linux/smc_diag.h", "struct smc_diag_cursor", smcCursor},
	{"linux/smc_diag.h", "struct smc_diag_msg", smcDiagMsg.head},
	{"linux/smc_diag.h", "struct smc_diag_req", smcDiagReq.head},
	{"linux/stat.h", "struct statx", statx},
	{"linux/sysctl.h", "struct __sysctl_args", sysctlArgs},
	{"linux/sysinfo.h", "struct sysinfo", sysinfo},
	{"linux/tcp.h", "struct tcp_ao_add", tcpKey},
	{"linux/time.h", "struct itimerspec", Itimerspec},
	{"linux/time.h", "struct itimerval", Itimerval},
	{"linux/time.h", "struct timezone", timezone},
	{"linux/time_types.h", "struct __kernel_itimerspec", Itimerspec64},
	{"linux/time_types.h", "struct __kernel_old_timespec", Timespec},
	{"linux/time_types.h", "struct __kernel_old_timeval", Timeval},
	{"linux/time_types.h", "struct __kernel_sock_timeval", Timeval64},
	{"linux/time_types.h", "struct __kernel_timespec", Timespec64},
	{"linux/time_types.h", "struct __kernel_timespec", Timeval32},
	{"linux/times.h", "struct tms", tms},
	{"linux/tipc.h", "struct sockaddr_tipc", sockaddrTIPC},
	{"linux/tipc.h", "struct tipc_group_req", tipcGroup},
	{"linux/udmabuf.h", "struct udmabuf_create", udmabufCreate},
	{"linux/udmabuf.h", "struct udmabuf_create_list", udmabufCreateList},
	{"linux/uio.h", "struct iovec", iovec},
	{"linux/unix_diag.h", "struct unix_diag_msg", unixDiagMsg.head},
	{"linux/unix_diag.h", "struct unix_diag_req", unixDiagReq.head},
	{"linux/userfaultfd.h", "struct uffdio_api", uffdioAPI},
	{"linux/userfaultfd.h", "struct uffdio_continue", uffdioContinue},
	{"linux/userfaultfd.h", "struct uffdio_copy", uffdioCopy},
	{"linux/userfaultfd.h", "struct uffdio_poison", uffdioPoison},
	{"linux/userfaultfd.h", "struct uffdio_range", uffdioRange},
	{"linux/userfaultfd.h", "struct uffdio_register", uffdioRegister},
	{"linux/userfaultfd.h", "struct uffdio_zeropage", uffdioZeropage},
	{"linux/utime.h", "struct utimbuf", utimbuf},
	{"linux/utsname.h", "struct new_utsname", utsname},
	{"linux/videodev2.h", "struct v4l2_capability", v4l2Capability},
	{"linux/videodev2.h", "struct v4l2_captureparm", v4l2Captureparm},
	{"linux/videodev2.h", "struct v4l2_clip", v4l2Clip},
	{"linux/videodev2.h", "struct v4l2_control", v4l2Control},
	{"linux/videodev2.h", "struct v4l2_create_buffers", v4l2CreateBuffers},
	{"linux/videodev2.h", "struct v4l2_crop", v4l2Crop},
	{"linux/videodev2.h", "struct v4l2_cropcap", v4l2Cropcap},
	{"linux/videodev2.h", "struct v4l2_exportbuffer", v4l2Exportbuffer},
	{"linux/videodev2.h", "struct v4l2_ext_control", v4l2ExtControl},
	{"linux/videodev2.h", "struct v4l2_ext_controls", v4l2ExtControls},
	{"linux/videodev2.h", "struct v4l2_fmtdesc", v4l2Fmtdesc},
	{"linux/videodev2.h", "struct v4l2_format", v4l2Format},
	{"linux/videodev2.h", "struct v4l2_framebuffer", v4l2Framebuffer},
	{"linux/videodev2.h", "struct v4l2_frmivalenum", v4l2Frmivalenum},
	{"linux/videodev2.h", "struct v4l2_frmsize_stepwise", v4l2FrmsizeStepwise},
	{"linux/videodev2.h", "struct v4l2_frmsizeenum", v4l2Frmsizeenum},
	{"linux/videodev2.h", "struct v4l2_input", v4l2Input},
	{"linux/videodev2.h", "struct v4l2_meta_format", v4l2MetaFormat},
	{"linux/videodev2.h", "struct v4l2_outputparm", v4l2Outputparm},
	{"linux/videodev2.h", "struct v4l2_pix_format", v4l2PixFormat},
	{"linux/videodev2.h", "struct v4l2_pix_format_mplane", v4l2PixFormatMplane},
	{"linux/videodev2.h", "struct v4l2_plane_pix_format", v4l2PlanePixFormat},
	{"linux/videodev2.h", "struct v4l2_query_ext_ctrl", v4l2QueryExtCtrl},
	{"linux/videodev2.h", "struct v4l2_queryctrl", v4l2Queryctrl},
	{"linux/videodev2.h", "struct v4l2_querymenu", v4l2Querymenu},
	{"linux/videodev2.h", "struct v4l2_rect", v4l2Rect},
	{"linux/videodev2.h", "struct v4l2_requestbuffers", v4l2Requestbuffers},
	{"linux/videodev2.h", "struct v4l2_sdr_format", v4l2SDRFormat},
	{"linux/videodev2.h", "struct v4l2_sliced_vbi_format", v4l2SlicedVBIFormat},
	{"linux/videodev2.h", "struct v4l2_standard", v4l2Standard},
	{"linux/videodev2.h", "struct v4l2_streamparm", v4l2Streamparm},
	{"linux/videodev2.h", "struct v4l2_timecode", v4l2Timecode},
	{"linux/videodev2.h", "struct v4l2_tuner", v4l2Tuner},
	{"linux/videodev2.h", "struct v4l2_vbi_format", v4l2VBIFormat},
	{"linux/videodev2.h", "struct v4l2_window", v4l2Window},
	{"linux/vm_sockets.h", "struct sockaddr_vm", sockaddrVM},
	{"linux/watchdog.h", "struct watchdog_info", watchdogInfo},
	{"linux/x25.h", "struct sockaddr_x25", sockaddrX25},
	{"linux/xattr.h", "struct xattr_args", xattrGetArgs},
	{"linux/xattr.h", "struct xattr_args", xattrSetArgs},
	{"mtd/mtd-abi.h", "struct erase_info_user", eraseInfoUser},
	{"mtd/mtd-abi.h", "struct erase_info_user64", eraseInfoUser64},
	{"mtd/mtd-abi.h", "struct mtd_ecc_stats", mtdEccStats},
	{"mtd/mtd-abi.h", "struct mtd_info_user", mtdInfoUser},
	{"mtd/mtd-abi.h", "struct mtd_oob_buf", mtdOobBuf},
	{"mtd/mtd-abi.h", "struct mtd_oob_buf64", mtdOobBuf64},
	{"mtd/mtd-abi.h", "struct mtd_write_req", mtdWriteReq},
	{"mtd/mtd-abi.h", "struct nand_ecclayout_user", nandEcclayoutUser},
	{"mtd/mtd-abi.h", "struct nand_oobfree", nandOobfree},
	{"mtd/mtd-abi.h", "struct nand_oobinfo", nandOobinfo},
	{"mtd/mtd-abi.h", "struct otp_info", otpInfo},
	{"mtd/mtd-abi.h", "struct region_info_user", regionInfoUser},
	{"mtd/ubi-user.h", "struct ubi_attach_req", ubiAttachReq},
	{"mtd/ubi-user.h", "struct ubi_leb_change_req", ubiLebChangeReq},
	{"mtd/ubi-user.h", "struct ubi_map_req", ubiMapReq},
	{"mtd/ubi-user.h", "struct ubi_mkvol_req", ubiMkvolReq},
	{"mtd/ubi-user.h", "struct ubi_rnvol_req", ubiRnvolReq},
	{"mtd/ubi-user.h", "struct ubi_rsvol_req", ubiRsvolReq},
	{"mtd/ubi-user.h", "struct ubi_set_vol_prop_req", ubiSetVolPropReq},
}

// Structs that only one ABI has, or has differently.
var (
	cStructs64 = []cStruct{
		{"asm/stat.h", "struct stat", stat64Bit},
		{"linux/videodev2.h", "struct v4l2_buffer", v4l2Buffer},
	}
	cStructs32 = []cStruct{
		{"asm/stat.h", "struct stat", stat32Bit},
		{"asm/stat.h", "struct stat64", stat64OnI386},
		{"asm/statfs.h", "struct statfs64", statfs64},
		{"linux/videodev2.h", "struct v4l2_buffer", v4l2BufferTime32},
	}
)

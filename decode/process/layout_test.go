package process

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestProcessLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 30, processStructs, nil, nil)
}

// processStructs maps the structs to their names in C.
var processStructs = []clayout.CStruct{
	{"asm/signal.h", "struct sigaltstack", sigstack},
	{"asm/ldt.h", "struct user_desc", userDescWhole},
	{"linux/capability.h", "struct __user_cap_data_struct", capData32},
	{"linux/capability.h", "struct __user_cap_header_struct", capHeader},
	{"linux/kcmp.h", "struct kcmp_epoll_slot", kcmpEpollSlot},
	{"linux/kexec.h", "struct kexec_segment", kexecSegment},
	{"linux/keyctl.h", "struct keyctl_dh_params", keyctlDHParams},
	{"linux/keyctl.h", "struct keyctl_kdf_params", keyctlKDFParams},
	{"linux/keyctl.h", "struct keyctl_pkey_query", keyctlPkeyQuery},
	{"linux/landlock.h", "struct landlock_net_port_attr", landlockNetPortAttr},
	{"linux/landlock.h", "struct landlock_path_beneath_attr", landlockPathBeneathAttr},
	{"linux/landlock.h", "struct landlock_ruleset_attr", landlockRulesetAttr},
	{"linux/lsm.h", "struct lsm_ctx", lsmCtx},
	{"linux/perf_event.h", "struct perf_event_attr", perfEventAttr},
	{"linux/perf_event.h", "struct perf_event_query_bpf", perfQueryBPF},
	{"linux/ptrace.h", "struct ptrace_peeksiginfo_args", peekSiginfo},
	{"linux/ptrace.h", "struct ptrace_syscall_info", syscallInfoStruct},
	{"linux/resource.h", "struct rlimit", rlimitStruct},
	{"linux/resource.h", "struct rlimit64", rlimitStruct64},
	{"linux/sched.h", "struct clone_args", cloneArgs},
	{"linux/sched/types.h", "struct sched_attr", schedAttrSet},
	{"linux/sched/types.h", "struct sched_attr", schedAttr},
	{"linux/seccomp.h", "struct seccomp_notif_sizes", seccompNotifSizes},
	{"linux/sysctl.h", "struct __sysctl_args", sysctlArgs},
	{"linux/sysinfo.h", "struct sysinfo", sysinfo},
	{"linux/time.h", "struct timezone", timezone},
	{"linux/times.h", "struct tms", tms},
	{"linux/utsname.h", "struct new_utsname", utsname},
}

package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Landlock: security/landlock/syscalls.c, linux/landlock.h.

var landlockCalls = Calls{
	{"landlock_create_ruleset", Args{
		{"attr", &Ptr{To: &Extensible{Of: landlockRulesetAttr, Size: Ref("size"), Least: 8, Cut: true}}},
		{"size", Size},
		{"flags", &Flags{Set: &tables.LandlockCreateRulesetFlags}},
	}, landlockRuleset},
	{"landlock_add_rule", Args{
		{"ruleset_fd", FD},
		{"rule_type", &Enum{Set: &tables.LandlockRuleTypes}},
		{"rule_attr", &Union{C: "void *", On: Ref("rule_type"), Set: &tables.LandlockRuleTypes, Arms: Arms{
			{&Ptr{To: landlockPathBeneathAttr}, Names{"LANDLOCK_RULE_PATH_BENEATH"}},
			{&Ptr{To: landlockNetPortAttr}, Names{"LANDLOCK_RULE_NET_PORT"}},
			{Addr, nil}}}},
		{"flags", &Flags{Set: &tables.LandlockAddRuleFlags}},
	}, RetUnsigned},
	{"landlock_restrict_self", Args{{"ruleset_fd", FD}, {"flags", X32}}, RetUnsigned},
}

// landlockRuleset is a descriptor or, if the flags query what the kernel
// supports, a number.
var landlockRuleset = &Union{On: If{&Has{N: Ref("flags"), Set: &tables.LandlockCreateRulesetFlags, Values: Names{
	"LANDLOCK_CREATE_RULESET_VERSION", "LANDLOCK_CREATE_RULESET_ERRATA",
}}}, Arms: Arms{
	{Ulong, Nums{1}}, {FD, nil}}}

var landlockRulesetAttr = &Struct{C: "landlock_ruleset_attr", Fields: Fields{
	{"handled_access_fs", &Flags{In: X64, Set: &tables.LandlockAccessFS}},
	{"handled_access_net", &Flags{In: X64, Set: &tables.LandlockAccessNet}},
	{"scoped", &Flags{In: X64, Set: &tables.LandlockScopes}},
	{"quiet_access_fs", &Flags{In: X64, Set: &tables.LandlockAccessFS}},
	{"quiet_access_net", &Flags{In: X64, Set: &tables.LandlockAccessNet}},
	{"quiet_scoped", &Flags{In: X64, Set: &tables.LandlockScopes}},
}}

var landlockPathBeneathAttr = &Struct{C: "landlock_path_beneath_attr", Packed: true, Fields: Fields{
	{"allowed_access", &Flags{In: X64, Set: &tables.LandlockAccessFS}},
	{"parent_fd", FD},
}}

var landlockNetPortAttr = &Struct{C: "landlock_net_port_attr", Fields: Fields{
	{"allowed_access", &Flags{In: X64, Set: &tables.LandlockAccessNet}},
	{"port", U64},
}}

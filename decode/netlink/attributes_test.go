package netlink

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trapline/decode/internal/walk"
)

// allMessages returns the variables of this package that describe messages and
// attributes.
func allMessages() []any {
	return []any{
		bridgePortAttributes, bridgeAttributes, bridgeSpec, &bridgePortMessage, bridgeXstats, cryptoAttributes,
		&unixDiagReq, &unixDiagMsg, &netlinkDiagReq, &netlinkDiagMsg, &packetDiagReq, &packetDiagMsg,
		&smcDiagReq, &smcDiagMsg, plainAttributes, genlControl, inetDiagReqAttributes, &inetDiagReqCompat,
		&inetDiagReq, &inetDiagMsg, &linkMessage, linkAttributes, familySpec, inet6Attributes, virtualFunction,
		portAttributes, linkInfoAttributes, tunAttributes, &linkStatsMessage, nlmsgerrAttributes, &addrMessage,
		&addrLabelMessage, &routeMessage, routeAttributes, &ruleMessage, &neighMessage, &neighTableMessage,
		&nexthopMessage, &netnsMessage, &netconfMessage, &dcbMessage, &cacheReportMessage, tcStats, &tcMessage,
		&tcActionMessage,
		diagFamilies.Get(),
	}
}

// TestAttributeNames looks up the names of all attributes in the tables.
func TestAttributeNames(t *testing.T) {
	_, problems := walk.Resolve(allMessages()...)
	for _, p := range problems {
		t.Error(p)
	}
	found := 0
	walk.Values(func(v any) {
		if _, ok := v.(*Attributes); ok {
			found++
		}
	}, allMessages()...)
	if want := attributeTables(t); found != want {
		t.Errorf("found %d of %d tables: allMessages lacks some", found, want)
	}
}

// attributeTables counts the tables in the source files.
func attributeTables(t *testing.T) int {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += strings.Count(string(src), "Attributes{Set:") + strings.Count(string(src), "Attributes{Other:")
	}
	return n
}

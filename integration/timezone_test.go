package integration

import (
	"strings"
	"testing"
)

// TZ may contain a rule in place of a name (tzset(3)).
func TestTimeZone(t *testing.T) {
	for tz, want := range map[string]string{
		"<+0330>-3:30":               "2023-11-15T01:43:20+0330",
		"CET-1CEST,M3.5.0,M10.5.0/3": "2023-11-14T23:13:20+0100",
		"No/Such_Zone":               "2023-11-14T22:13:20+0000",
	} {
		t.Setenv("TZ", tz)
		log := trace(t, trapline(t), []string{"-e", "trace=utimensat"}, "touch", "-c", "-d", "@1700000000", "/nonexistent/file").log
		if !strings.Contains(log, want) {
			t.Errorf("TZ=%s: no %s in\n%s", tz, want, log)
		}
	}
}

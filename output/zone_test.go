package output

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trapline/integration/need"
)

// zones are values of TZ that Go does not understand itself.
var zones = []string{
	"<+0330>-3:30", "<-03>3", "XYZ-3:30ABC,M3.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3", ":<-07>7", "UTC+3",
	"AEST-10AEDT,M10.1.0,M4.1.0/3", "NZST-12NZDT,M9.5.0,M4.1.0/3", "IST-1GMT0,M10.5.0,M3.5.0/1",
	"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EET-2EEST,J90/3,J300/4", "XXX3YYY2,59/2,299", "ABC1:02:03",
	"EST+5EDT,M3.2.0,M11.1.0", "AB-3", "No/Such_Zone", "garbage", "<+3>-3", "CET", "Europe/Berlin", "",
}

// date(1) shows how the C library interprets TZ.
func TestTimeZones(t *testing.T) {
	need.All(t, need.Date)
	for _, tz := range zones {
		zone := Zone(tz, "")
		for _, at := range []int64{0, 1_700_000_000, 1_720_000_000, 1_711_846_799, 1_711_846_800, 1_729_990_800, 2_500_000_000} {
			cmd := exec.Command("date", "-d", fmt.Sprintf("@%d", at), "+%FT%T%z")
			cmd.Env = append(os.Environ(), "TZ="+tz)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if zone == nil { // left to Go, as at the start of a program
				zone = time.UTC
				if loaded, err := time.LoadLocation(tz); err == nil {
					zone = loaded
				}
			}
			want := strings.TrimSpace(string(out))
			if got := time.Unix(at, 0).In(zone).Format("2006-01-02T15:04:05-0700"); got != want {
				t.Errorf("TZ=%q at %d: %s, want %s", tz, at, got, want)
			}
		}
	}
}

func TestZoneDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Mars"), emptyTZif("MST-0:37"), 0o600); err != nil {
		t.Fatal(err)
	}
	zone := Zone("Mars", dir)
	if zone == nil {
		t.Fatal("a file below TZDIR is not found")
	}
	if _, offset := time.Unix(1_700_000_000, 0).In(zone).Zone(); offset != 37*60 {
		t.Errorf("%d seconds east, want %d", offset, 37*60)
	}
	if zone := Zone(dir+"/Mars", ""); zone != nil {
		t.Errorf("an absolute path is left to Go, got %v", zone)
	}
}

func FuzzTimeZone(f *testing.F) {
	for _, tz := range zones {
		f.Add(tz)
	}
	f.Fuzz(func(t *testing.T, tz string) {
		zone := Zone(tz, "")
		if zone == nil {
			return
		}
		const most = 9 * 24 * 60 * 60 // seconds; an offset has up to 167 hours, and an hour more in summer
		if _, offset := time.Unix(1_700_000_000, 0).In(zone).Zone(); offset < -most || offset > most {
			t.Errorf("%q is %d seconds from UTC", tz, offset)
		}
	})
}

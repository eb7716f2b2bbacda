// Threads makes calls from several threads at once, a known number of each in
// a known order, and ends by exit_group while threads still run.
package main

import (
	"os"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

func main() {
	dir := os.Args[1]
	var done sync.WaitGroup
	for i := range 4 {
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			name := dir + "/" + strconv.Itoa(i)
			for range 20 {
				unix.Mkdir(name, 0o700)
				unix.Access(name, unix.R_OK)
				unix.Rmdir(name)
			}
			unix.Rename(name, name+".new") // there is none
		}()
	}
	done.Wait()
}

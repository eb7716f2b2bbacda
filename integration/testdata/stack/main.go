// Stack makes a call at the end of a chain of functions, and another one in a
// thread of its own.
package main

import (
	"golang.org/x/sys/unix"
)

func main() {
	outer(2)
	done := make(chan bool)
	go func() {
		outer(3)
		close(done)
	}()
	<-done
}

//go:noinline
func outer(n int) int { return middle(n+1) + 1 }

//go:noinline
func middle(n int) int { return inner(n+1) + 1 }

//go:noinline
func inner(n int) int {
	unix.Chdir("/nowhere")
	return n
}

package process

import (
	"testing"

	"golang.org/x/sys/unix"
)

// The goroutine goes behind others; those that come after it do not.
func TestBehind(t *testing.T) {
	priority := func() int {
		p, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // 20 less the nice value
		if err != nil {
			t.Error(err)
		}
		return p
	}
	in := func(f func()) int {
		v := make(chan int)
		go func() {
			f()
			v <- priority()
		}()
		return <-v
	}
	usual := priority()
	for range 20 {
		if p := in(Behind); p != 20-lowest {
			t.Fatalf("priority %d, want %d", p, 20-lowest)
		}
		if p := in(func() {}); p != usual {
			t.Fatalf("a goroutine that came after it has priority %d, want %d", p, usual)
		}
	}
}

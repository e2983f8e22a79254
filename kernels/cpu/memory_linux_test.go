package cpu

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"longtake/kernels"
)

// What a large buffer lies in is marked for huge pages.
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("this kernel has no transparent huge pages")
	}
	b, err := New(Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	buf, err := b.Alloc(kernels.F32, 3<<20)
	if err != nil {
		t.Fatal(err)
	}
	f := buf.Float32()
	at := uintptr(unsafe.Pointer(unsafe.SliceData(f)))
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer maps.Close()
	within := false
	for s := bufio.NewScanner(maps); s.Scan(); {
		var from, to uintptr
		if n, _ := fmt.Sscanf(s.Text(), "%x-%x ", &from, &to); n == 2 {
			within = from <= at && at < to
		}
		if flags, ok := strings.CutPrefix(s.Text(), "VmFlags:"); ok && within {
			if !strings.Contains(flags+" ", " hg ") {
				t.Errorf("flags of the buffer's memory: %s", flags)
			}
			return
		}
	}
	t.Error("the buffer's memory is not listed")
}

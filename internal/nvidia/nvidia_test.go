package nvidia

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// double stands for nvidia-smi on machines without a GPU. Its answers are in
// the form that the real program gives to the same options; where a GPU is
// present, TestRealDevice asks the real one.
const double = `#!/bin/sh
case "$*" in
*index,uuid,name*) echo "0, GPU-aaaa-1, NVIDIA Test 80GB"; echo "1, GPU-bbbb-2, NVIDIA Test 80GB" ;;
*--id=GPU-bbbb-2*) for m in 100 900 300; do echo "GPU-bbbb-2, $m, 50"; done; exec sleep 60 ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac
`

func install(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestListAndWatch(t *testing.T) {
	install(t, double)
	list, err := List(t.Context())
	if err != nil || len(list) != 2 || list[1] != (GPU{1, "GPU-bbbb-2", "NVIDIA Test 80GB"}) {
		t.Fatalf("%+v, %v", list, err)
	}
	for name, want := range map[string]string{"1": "GPU-bbbb-2", "GPU-aaaa": "GPU-aaaa-1", "2": "", "": "", "GPU-c": ""} {
		if g, ok := Find(list, name); ok != (want != "") || g.UUID != want {
			t.Errorf("Find(%q) = %+v, %v", name, g, ok)
		}
	}
	stop, err := Watch(t.Context(), list[1:])
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	u, err := stop()
	if err != nil || u.Samples != 3 || u.PeakBytes != 900<<20 || u.Utilisation != 0.5 || !u.Utilised {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestAbsent(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if list, err := List(t.Context()); list != nil || err != nil {
		t.Errorf("%v, %v", list, err)
	}
}

func TestBroken(t *testing.T) {
	install(t, "#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9\n")
	if _, err := List(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestCollect(t *testing.T) {
	u, err := collect(strings.NewReader("a, 10, 20\nb, 5, [N/A]\na, 40, 40\nb, [N/A], 0\na, 1, 0\n"), []string{"a", "b"})
	if err != nil || u.Samples != 2 || u.PeakBytes != 45<<20 || math.Abs(u.Utilisation-0.15) > 1e-12 {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err := collect(strings.NewReader(""), []string{"a"}); err != nil || u.Samples != 0 || u.Utilised {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := collect(strings.NewReader("No devices were found\n"), []string{"a"}); err == nil {
		t.Error("no error")
	}
}

// TestRealDevice asks the real nvidia-smi, where there is one.
func TestRealDevice(t *testing.T) {
	list, err := List(t.Context())
	if err != nil || len(list) == 0 {
		t.Skipf("no NVIDIA GPU here: %v", err)
	}
	stop, err := Watch(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	u, err := stop()
	if err != nil || u.Samples < 2 || u.PeakBytes <= 0 || u.Utilisation < 0 || u.Utilisation > 1 {
		t.Errorf("%+v: %+v, %v", list, u, err)
	}
	t.Logf("%+v: %+v", list, u)
}

package process

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBindHelper is the process that TestBind kills.
func TestBindHelper(t *testing.T) {
	if os.Getenv("LONGTAKE_TEST_BIND") == "" {
		t.Skip("only TestBind runs it")
	}
	cmd := exec.Command("sleep", "60")
	wait, err := Bind(cmd)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("child", cmd.Process.Pid)
	wait()
}

func TestBind(t *testing.T) {
	parent := exec.Command(os.Args[0], "-test.run", "TestBindHelper$")
	parent.Env = append(os.Environ(), "LONGTAKE_TEST_BIND=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "child "); ok {
			if pid, err = strconv.Atoi(rest); err != nil {
				t.Fatal(err)
			}
		}
	}
	if pid == 0 {
		t.Fatal("no child was started")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait()
	for range 1000 {
		if gone(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("process %d outlived the one that started it", pid)
}

// gone tells whether a process has ended, waited for or not.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z")
}

func TestBindSaysWhatEnded(t *testing.T) {
	wait, err := Bind(exec.Command("false"))
	if err != nil {
		t.Fatal(err)
	}
	if err := wait(); err == nil {
		t.Error("no error of a program that failed")
	}
	if _, err := Bind(exec.Command("/does/not/exist")); err == nil {
		t.Error("no error of a program that is not there")
	}
}

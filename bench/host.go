package bench

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Host is the machine and the build that measured. What is not known is empty.
type Host struct {
	CPU      string `json:"cpu,omitempty"`
	GPU      string `json:"gpu,omitempty"` // set by whoever ran on one
	Cores    int    `json:"cores,omitempty"`
	Workers  int    `json:"workers,omitempty"` // that computed, set by whoever ran them
	OS       string `json:"os,omitempty"`      // system/architecture
	Go       string `json:"go,omitempty"`
	Revision string `json:"revision,omitempty"` // git, "-dirty" when modified
}

// HostInfo describes this process's machine and build.
func HostInfo() Host {
	h := Host{CPU: cpuName(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		h.Revision = revision(info.Settings)
	}
	return h
}

// Device is the name that tables show: the GPU where there was one.
func (h Host) Device() string {
	if h.GPU != "" {
		return h.GPU
	}
	return h.CPU
}

func cpuName() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "" // not Linux
	}
	return cpuInfoName(string(data))
}

func cpuInfoName(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}

func revision(settings []debug.BuildSetting) string {
	var rev, dirty string
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if rev == "" {
		return ""
	}
	return rev + dirty
}

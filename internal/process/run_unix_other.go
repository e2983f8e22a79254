//go:build unix && !linux

package process

import "syscall"

const maxrssUnit = 1 // bytes on Darwin; the BSDs count KiB and are not measured here

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func ownPeak() int64  { return 0 }
func oomKills() int64 { return 0 }

func samplePeak(int, <-chan struct{}) int64 { return 0 }

// Reap does nothing here: there is no /proc to find the processes in.
func Reap(string) int { return 0 }

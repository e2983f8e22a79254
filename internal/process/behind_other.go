//go:build !linux

package process

// Behind changes nothing: a thread has no priority of its own outside Linux.
func Behind() {}

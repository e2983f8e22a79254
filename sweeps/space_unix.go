//go:build unix

package sweeps

import "syscall"

// roomLeft is what the store must be able to take: a failing generator on a
// fuller disk is taken as the disk's failure.
const roomLeft = 256 << 10

// full tells whether the disk has no room left.
func (s *Store) full() error {
	var st syscall.Statfs_t
	if syscall.Statfs(s.Dir, &st) == nil && uint64(st.Bavail)*uint64(st.Bsize) < roomLeft {
		return &DiskError{s.Dir, syscall.ENOSPC}
	}
	return nil
}

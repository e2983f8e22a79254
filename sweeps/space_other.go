//go:build !unix

package sweeps

func (s *Store) full() error { return nil }

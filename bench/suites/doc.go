// Package suites holds the measured loops of longtake bench. Each checks first
// that what it times gives the right result: what disagrees has no time. Timings
// are interleaved, repeated and keep their raw samples.
package suites

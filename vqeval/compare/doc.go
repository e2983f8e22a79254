// Package compare sets two groups of videos against each other: the failures of
// each pair side by side, how far a pair's pictures are apart where that means
// something, and what so many pairs can show.
package compare

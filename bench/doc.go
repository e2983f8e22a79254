// Package bench holds the record: what one cell of a grid was, what it cost
// and what was found in its video, as one JSON object. Packages that run cells
// and packages that report on them meet in this value and not in each other.
//
// Records are kept as JSON Lines. A [Reader] streams them like a
// bufio.Scanner: a line that cannot be read costs that line and is reported
// with its file and number; a schema that this version does not know ends the
// reading, because half a file of another version is worse than none.
package bench

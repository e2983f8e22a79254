// Package corpus makes the labelled videos that the scorer is measured on:
// procedural sources in colour, each failure of the taxonomy applied to them
// with its place known by construction, hard negatives, and re-encodings that
// must not change a score. It never looks at what the scorer says.
//
// A corpus is a folder of videos with a manifest.jsonl, one [Label] a line. Its
// editions differ in all of their sources.
//
// A label must be true of what is seen. From the seventh edition on the levels of a
// scene jump are made from sources on which the frames beside the jump differ by a tenth
// more at each level: content that is as far apart after 8 frames as after 24 has no
// order that could be found. Likewise a cut to another scene of the same family must
// change the mean of a colour channel by 15 levels, and a pan before an animation on twos
// or threes must change every frame by three quarters of a level.
package corpus

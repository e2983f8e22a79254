// Package gate holds two sets of records against each other and says of every
// metric whether it held, regressed or cannot be judged.
//
// # What is compared with what
//
// Records meet by the identity of their cell (or of their bench object). What
// one metric of one cell, or of a group of cells, has to say is a [Row]. A rule
// says how a metric is judged:
//
//   - repeats: repeats of one measurement on one machine (times, memory), as a
//     ratio. The test is the U test of golang.org/x/perf/benchmath, the change is
//     the Hodges-Lehmann estimate with its interval. Sides that were measured on
//     different hosts cannot be judged: a ratio of machines is no change.
//   - pairs: numbers that each video has once (quality), as differences of the
//     same prompt, seed and cell on both sides. The test flips signs, the interval
//     is a BCa bootstrap. Pairs are taken together over the prompts and seeds of a
//     method and length; where these are fewer than 6 over the lengths of the
//     method, and where these are too few still over all methods, so that a grid
//     with one video a cell has a verdict as well, if a blunter one. No pair is in
//     two rows. A pair is a unit here: the question is whether these videos
//     changed, not what other prompts would do.
//   - exact: what is computed and not measured (attended fraction). Any change
//     beyond the tolerance counts.
//
// Beside the metrics three things are looked at that need no statistics: a cell
// that had a video and has none, a method that was engaged and is not, and
// findings.
//
// # Findings
//
// One frozen video among many moves no mean that a test would notice, and one
// video a cell is all that a sweep usually has. What makes one enough is that the
// pairs are not random draws: same noise, same prompt, and a scorer that gives the
// same severity to the same frames. So a failure that a video did not have and has
// now is a regression by itself, if the severity crossed the decision point by a
// clear step (jump, 0.25 by default) and not just tipped over it. It is no test and
// has no p; its false alarms are the videos that fail by chance when the same code
// makes them anew, none for a generator that gives the same frames again. For a
// generator that does not (many GPU stacks), rule "rate" compares failures that
// came with failures that went over all pairs by an exact sign test and needs at
// least 6 of them; steps that are too small for the first rule are counted there
// and in the paired severities too.
//
// # Three outcomes
//
// Regressed: worse by more than the tolerance, and the adjusted p is at most the
// false-discovery rate. Held: not that, and the worse end of the 95 % interval
// lies within the tolerance, so that a larger loss is not likely. Everything else
// cannot be judged, and the row says what is missing. A row with too few samples
// to reach the level cannot be held, however alike the sides look.
//
// The p values of all rows, whatever their metric and cell, are one family, for
// which the false-discovery rate is controlled by Benjamini and Hochberg's
// procedure. Rows of one run hang together, but positively (a slower attention is
// a slower total), which that procedure allows; Benjamini and Yekutieli's would pay
// a factor of 5 in p at 100 rows for dependences that do not occur here. Pairs that
// are equal to the last bit in a whole row have no test and do not count in the
// family: swapping equal sides changes nothing.
//
// The smallest change that a row could have seen is the one that it would have
// called a regression with 80 % power, given its samples, their spread, the
// tolerance and the level that the family left to it.
//
// # What it cannot see
//
// Repeats of one process share its luck (memory layout, clock, neighbours), and
// nothing here knows a machine that was slow for an hour. Run several processes
// alternately for both sides and append their records to one file each: records of
// the same cell add their repeats.
package gate

package vqeval

import "math"

// Thresholds of the profile v2. A change of one is a change of Version.
const (
	loopShortest      = 6    // frames; shorter cycles belong to the decoder
	cycleLongest      = 8    // frames; the longest cycle of a decoder
	loopRunSeconds    = 0.6  // a return must last this long
	loopRunFrames     = 12   // and this many frames
	loopLevels        = 0.8  // grey levels that the content beside the diagonal differs by
	loopMatch         = 0.45 // a pair belongs to a run below this share of what is beside it
	loopDepth         = 0.7  // decision point of the depth of a run
	loopDepthOnce     = 0.55 // likewise of a single return, which no natural rhythm makes
	loopNearness      = 0.9  // of the adjacent difference, plus noise: how near a copy must be
	loopNearnessStart = 1.35 // likewise where the clip's end replays its start
	loopStartLevels   = 2.0  // grey levels that such a replay may differ by
	loopRunStart      = 0.85 // and of the shortest run
	loopNoise         = 0.5  // grey levels
	loopEarly         = 0.16 // frames, root mean square, by which a copy may miss
	loopLocked        = 0.8  // share of frames whose nearest neighbour is exactly one period away
	loopLockedOnce    = 0.6  // likewise for a single return

	// Candidates for a freeze: innovation below both bounds.
	quietNoise   = 0.15 // grey levels
	quietShimmer = 0.5  // of the short-lag difference
	quietShare   = 0.25 // of the largest innovation of the shot

	// Decision points of a freeze.
	freezeNoise   = 0.4  // grey levels of growth, plus
	freezeShimmer = 0.5  // of the short-lag difference
	freezeShare   = 0.15 // of the growth before
	freezeTotal   = 0.5  // of the difference before
	freezeLevels  = 0.5  // grey levels of growth before
	freezeAbrupt  = 0.4  // seconds, where motion ends at full pace
	freezeGradual = 2.0  // seconds, where it dies away
	freezeDrop    = 0.4  // of the usual pace: at least this is full pace
	freezeSettle  = 0.15 // of the usual pace: less is no motion
	freezeMoving  = 0.03 // of the blocks: with so many still moving a freeze must last
	freezeSoft    = 0.3  // grey levels of growth: likewise
	freezeBlocks  = 0.15 // of the blocks
	blankLevels   = 2.0  // grey levels of spread inside a frame that shows something

	hardLevels = 0.15 // grey levels: a freeze below is pixel-identical but for the codec

	// A shot is static when the liveliest blocks innovate less than this within
	// a few frames at three quarters of the time, and the frame drifts less than this
	// within seconds.
	staticLevels = 0.75 // grey levels
	staticDrift  = 1.0  // grey levels of growth over seconds
	staticBlocks = 0.03 // share of the blocks that count as liveliest

	// A region that freezes.
	regionLevels  = 0.8   // grey levels that its blocks got within half a second
	regionQuiet   = 0.3   // of which this is left
	regionArea    = 0.055 // of the frame
	regionSeconds = 1.0   // half of it at the end of a shot
	regionSpread  = 4.0   // frames within which its blocks stop
	regionLive    = 0.02  // of the frame that goes on
	regionWhole   = 0.8   // severity from which a freeze of the whole frame is believed
	regionDrop    = 0.3   // of its usual pace until it stops

	// A region that loops.
	regionPairs      = 12   // frames of which each lag is measured
	regionLoopDepth  = 0.5  // of a block
	regionLoopArea   = 0.04 // of the frame
	regionLoopRest   = 0.03 // of the frame that lives and does not come back
	regionLoopLocked = 0.8  // share of frames whose nearest neighbour is exactly one period away

	// What the camera's motion leaves.
	cameraPairs  = 20   // of frames
	cameraMotion = 0.4  // samples between the frames of a pair
	cameraLevels = 2.0  // grey levels of residual, plus
	cameraShift  = 0.35 // samples of displacement
	cameraLeft   = 0.03 // of the blocks

	// Light that flickers.
	flickerSeconds       = 3.0    // that are looked at together
	flickerGain          = 0.0035 // root mean square of the common gain
	flickerLevels        = 0.4    // grey levels of it, at least: samples are whole levels
	flickerTogether      = 0.2    // correlation of the parts of the frame
	flickerLocal         = 2.5    // times the gain and the levels, where only a part flickers: fire does
	flickerTogetherLocal = 0.55   // likewise where only some of them flicker

	// A look that runs away: changes over a shot.
	driftSeconds    = 2.0  // the shortest shot
	driftOrder      = 0.6  // 1 - tau that is as good as none
	driftExposure   = 0.2  // of the logarithm of the luma
	driftContrast   = 0.3  // of the logarithm of the standard deviation
	driftSaturation = 0.12 // of 0..1
	driftColour     = 9.0  // levels of mean Cb, Cr
	driftDetail     = 0.3  // of the logarithm of the detail

	// The cycle of a decoder.
	cyclePsi    = 0.10
	cycleLevels = 0.2 // grey levels of shimmer
)

// strength turns ratios (0 = as clear as can be, 1 = at the decision point for
// this one alone) into a severity: their Euclidean norm r gives 2^-r, which is 1
// at 0, 0.5 at 1 and falls to 0 beyond.
func strength(ratios ...float64) float64 {
	var sq float64
	for _, r := range ratios {
		sq += r * r
	}
	if math.IsNaN(sq) {
		return 0
	}
	return math.Exp2(-math.Sqrt(sq))
}

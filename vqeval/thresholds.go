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
	loopDepthLaps     = 0.62 // likewise of several laps, which the motion of nature is less on time with
	loopDepthOnce     = 0.55 // likewise of a single return, which no natural rhythm makes
	loopNearness      = 0.9  // of the adjacent difference, plus noise: how near a copy must be
	loopNearnessStart = 1.35 // likewise where the clip's end replays its start
	loopStartLevels   = 2.0  // grey levels that such a replay may differ by
	loopRunStart      = 0.85 // and of the shortest run
	loopNoise         = 0.5  // grey levels
	loopEarly         = 0.16 // frames, root mean square, by which a copy may miss
	loopOnTime        = 0.05 // likewise, as far as noise goes
	copyClean         = 0.2  // grey levels of coding that excuse nothing
	copyCoded         = 0.4  // likewise that do not tell
	copyDepth         = 0.88 // decision point of the depth of a copy where coding excuses nothing
	copyDepthFree     = 0.5  // of which nothing is said by
	copyEarly         = 0.09 // frames, likewise, that it may miss by
	copyEarlyFree     = 0.5  // of which nothing is said by
	copyOnTime        = 0.06 // frames that the laps of a copy may miss by
	copyLocked        = 0.95 // share of frames whose nearest neighbour is exactly one period away, likewise
	copyLaps          = 2.0  // of them at least; twice as many tell
	copyUneven        = 2.4  // times the least, that the differences of copies go up to
	copyUnevenFree    = 0.65 // of which nothing is said by
	copyAlike         = 0.85 // depth from which on nothing is said by it
	copyVague         = 0.75 // likewise up to which it counts whole
	loopSwing         = 0.4  // depth of a mirror inside, above which it comes back the way it went
	loopSwings        = 0.7  // likewise, surely
	loopFaint         = 0.45 // severity at most of dips without a run
	loopLeft          = 0.15 // of the frame that lives and does not come back: more, and only a part loops
	loopLeftMost      = 0.4  // likewise: no drift of its laps explains so much
	loopLeftDepth     = 0.3  // of a block that comes back
	loopLeftLevels    = 1.0  // grey levels that the pattern of one which lives differs by
	loopLocked        = 0.8  // share of frames whose nearest neighbour is exactly one period away
	loopLockedOnce    = 0.6  // likewise for a single return

	// Copies of frames.
	copyPace  = 0.25 // grey levels to the next frame
	seamEarly = 0.75 // frames

	// A loop whose laps drift.
	lapSamples  = 20   // pairs that are registered at each candidate
	lapContrast = 0.06 // of the mean difference by which a candidate lies below those beside it
	lapExact    = 0.99 // of the difference one frame beside the period
	lapGain     = 0.8  // of the difference, at most, is left once the drift is taken out
	lapDepth    = 0.55 // decision point of the depth; interpolation costs some

	lapSteps = 0.7 // of the distances between large steps that are the same

	// Cuts.
	cutRatio   = 6.0  // times the median adjacent difference around it
	cutLevels  = 6.0  // grey levels at least
	cutHist    = 0.25 // chi-square distance of the luma histograms, 0..1, or else
	cutOther   = 0.35 // likewise: the picture is another one
	cutBetween = 4.0  // times the median, where it is
	cutClear   = 2.0  // times the two bounds above
	cutApart   = 8    // frames at least between two cuts
	cutStep    = 0.6  // of the jump must remain a few frames to either side

	// Candidates for a freeze: innovation below both bounds.
	quietNoise   = 0.15 // grey levels
	quietShimmer = 0.5  // of the short-lag difference
	quietShare   = 0.25 // of the largest innovation of the shot

	// Decision points of a freeze.
	freezeNoise      = 0.4  // grey levels of growth, plus
	freezeShimmer    = 0.5  // of the short-lag difference
	freezeShare      = 0.15 // of the growth before
	freezeCoding     = 0.4  // of these bounds is what coding may leave
	freezeTotal      = 0.5  // of the difference before
	freezeGrain      = 0.25 // likewise without the cycle of a decoder: a camera that wanders to and fro gets no farther either
	freezeLevels     = 0.5  // grey levels of growth before
	freezeRest       = 0.03 // of the growth before: what an encoder's refreshes may leave
	freezeStill      = 0.05 // likewise in a block
	freezeTrace      = 0.25 // of the bounds below which a stop counts as a dead one
	freezeLeap       = 0.8  // of the way in the seconds before, in one step
	freezeSlide      = 0.5  // of the difference before: at least this is the step to another slide
	freezeLeapFree   = 0.75 // of which nothing is said by
	freezeAbrupt     = 0.3  // seconds, where motion ends at full pace
	freezeGradual    = 2.0  // seconds, where it dies away
	freezeDrop       = 0.4  // of the usual pace: at least this is full pace
	freezeSettle     = 0.15 // of the usual pace: less is no motion
	freezeSlow       = 0.1  // of the pace before: where a gradual stop begins
	freezeMoving     = 0.03 // of the blocks: with so many still moving a freeze must last
	freezeSoft       = 0.3  // grey levels of growth: likewise, or
	freezeSharp      = 0.8  // of the usual pace: so abruptly motion is stopped and goes on
	freezeSharpFree  = 0.5  // likewise no less
	freezeSharpRests = 1.3  // times the least pace before, likewise
	freezeSharpens   = 0.7  // of what makes a pause of it
	freezeStirs      = 0.66 // of the usual pace: with more left inside nothing has stopped
	freezeApart      = 0.75 // seconds between two that are one
	freezeSame       = 0.25 // of the difference before, by which they may differ
	freezeRests      = 0.2  // of the usual pace: what has rested so before may rest again
	freezePause      = 0.1  // of the growth before
	freezeBlocks     = 0.15 // of the blocks
	heldStep         = 0.3  // of the pace: a frame of a short stop differs by less from the one before
	heldLeft         = 0.6  // likewise the last from the first
	decayFull        = 0.7  // of the usual pace: where it dies away begins below
	decayLow         = 0.35 // of it: the tail begins below, and what is above still moves
	decayEnd         = 0.2  // of it, that is left at the end
	decaySeconds     = 1.5  // of the tail
	decayRest        = 0.75 // of what comes after a tenth of the pace is left
	decayFaint       = 0.45 // severity at most where that is shorter
	decayAlive       = 0.3  // of it, that is there throughout before
	decayBumps       = 0.3  // of what comes after, that is no fall
	decayLevels      = 0.5  // grey levels of the usual pace
	decayContrast    = 0.5  // of the contrast, that a fade takes
	decayFree        = 0.5  // of that and of what was there before, of which nothing is said by
	blankLevels      = 2.0  // grey levels of spread inside a frame that shows something

	hardLevels = 0.15 // grey levels: a freeze below is pixel-identical but for the codec

	// A shot is static when the liveliest blocks innovate less than this within
	// a few frames at three quarters of the time, and the frame drifts less than this
	// within seconds.
	staticLevels     = 0.45 // grey levels, or
	staticCreep      = 0.07 // samples that what is there moves by, and
	staticAlong      = 0.3  // of what all of the frame moves by within seconds, beyond
	staticApart      = 0.05 // samples, which a part of the frame may make of it
	staticDrift      = 0.5  // grey levels of growth over seconds, or
	staticWander     = 0.7  // samples
	staticBlocks     = 0.03 // share of the blocks that count as liveliest
	staticSeconds    = 10.0 // within which a camera takes the frame along by
	staticCamera     = 2.0  // samples
	staticCameraFree = 0.6  // of which nothing is said by
	staticFaint      = 0.1  // severity from which on that is looked for

	// A region that freezes.
	regionLevels          = 0.8   // grey levels that its blocks got within half a second
	regionQuiet           = 0.3   // of which this is left
	regionQuietFree       = 0.3   // of that coding leaves
	regionArea            = 0.045 // of the frame
	regionSeconds         = 2.0   // that it lasts
	regionResumes         = 5.0   // likewise where it goes on before the shot ends
	regionSpread          = 1.5   // frames within which its blocks stop, or
	regionSpreadSeconds   = 0.2   // seconds
	regionTogether        = 0.3   // of its blocks stop within a frame of each other, or
	regionTogetherSeconds = 0.06  // seconds
	regionAgree           = 0.3   // of its cells lie in its blocks
	regionAgreeFree       = 0.45  // of what does not, nothing is said by
	regionStill           = 0.2   // of the pace of its cells is left
	regionStillFree       = 0.2   // of that coding leaves
	regionEdge            = 0.4   // of the cells around it that lived go on as before
	regionPart            = 0.12  // of the frame: in a larger part it says less
	regionTogetherFree    = 0.35  // of which nothing is said by
	regionLive            = 0.12  // of the rest of the frame that goes on
	regionLeast           = 0.03  // of the frame that goes on: what covers it all is no part
	regionRim             = 0.3   // of the blocks around it that lived go on
	regionRimFree         = 0.4   // of that ratio
	regionRimMost         = 0.15  // of the blocks around it that count as if they had lived and do not
	regionJust            = 0.34  // seconds before it stops
	regionKept            = 0.65  // of its contrast then
	regionKeptFree        = 0.4   // of which nothing is said by
	regionLeft            = 0.3   // of its contrast in the seconds before
	regionLeftFree        = 0.6   // of which nothing is said by
	regionChange          = 0.25  // of the look of the whole frame: a cut, a fade
	regionUsual           = 0.7   // of how it changes most of the time is left out
	regionLeap            = 5.0   // times its usual pace: a jump ends there
	regionDrop            = 0.25  // of its usual pace until it stops
	regionFill            = 0.45  // of the rectangle around it that goes on
	regionFillFree        = 0.35  // of which nothing is said by: a disc leaves its corners
	regionTries           = 5     // times at which a part may have stopped
	regionLikely          = 0.25  // severity below which the look of the frame is not asked
	regionPace            = 0.1   // grey levels a frame: what moves by less does not tell how it stops
	regionMoving          = 0.12  // of the blocks get on: what stands still is a part
	regionUnlike          = 0.15  // of severity, by which a freeze of the whole is the clearer one

	// The cells of a region that freezes.
	cellLevels  = 0.5  // grey levels that one gets within a few frames
	cellGoesOn  = 0.6  // of which this is left in one that goes on
	cellQuiet   = 0.35 // likewise in one that stops, at most
	cellRim     = 3    // cells around a part that should go on
	cellRimMost = 0.1  // of them count as if they had lived and do not

	// How much each of the conditions for a region that freezes says: the factors with which they part the
	// failed from the healthy videos of seven editions of the corpus best together. Fitted to six of them they
	// part the seventh as well, whichever that is. What a part keeps of what it shows weighs more than that:
	// the corpus has few parts that empty.
	saysArea     = 1.18
	saysQuiet    = 0.31
	saysSpread   = 0.59
	saysLast     = 1.23
	saysLevels   = 0.41
	saysLive     = 0.57
	saysDrop     = 0.59
	saysRim      = 0.58
	saysLeap     = 0.6
	saysFill     = 0.52
	saysKept     = 1.2
	saysLeft     = 1.2
	saysTogether = 0.31
	saysAgree    = 0.62
	saysStill    = 0.37
	saysEdge     = 0.46
	saysChange   = 0.72

	// A region that loops.
	regionPairs      = 12   // frames of which each lag is measured
	regionLoopDepth  = 0.5  // of a block
	regionLoopArea   = 0.04 // of the frame
	regionLoopMost   = 0.9  // of the frame: what leaves out less is the whole
	regionLoopRest   = 0.03 // of the frame that lives and does not come back
	regionLoopOnce   = 1.2  // seconds that a part which comes back once does so for
	regionLoopLocked = 0.8  // share of frames whose nearest neighbour is exactly one period away
	regionLoopLikely = 0.22 // severity from which on steps of the frame may be its laps

	// What the camera's motion leaves.
	cameraPairs  = 20   // of frames
	cameraMotion = 0.4  // samples between the frames of a pair
	cameraLevels = 2.0  // grey levels of residual, plus
	cameraShift  = 0.35 // samples of displacement
	cameraLeft   = 0.03 // of the blocks
	cameraLost   = 0.3  // of the blocks, before the fit at full analysis size

	// Light that flickers.
	flickerSeconds       = 3.0    // that are looked at together
	flickerParts         = 6      // of that time; most of them must flicker: a step or a cut is one moment
	flickerGain          = 0.0035 // root mean square of the common gain
	flickerLevels        = 0.4    // grey levels of it, at least: samples are whole levels
	flickerTogether      = 0.2    // correlation of the parts of the frame
	flickerCrossings     = 5.0    // of its mean in a second
	flickerFar           = 0.5    // of its root mean square, that it goes out to on either side
	flickerBend          = 0.32   // of its crossings go so far
	flickerBendFree      = 0.5    // of which nothing is said by
	flickerGoesOn        = 0.35   // severity beside what is found, from which on it goes on
	flickerLap           = 24     // frames of the longest loop whose laps make light flicker
	flickerLocal         = 2.0    // times the gain and the levels, where only a part flickers: fire does
	flickerReaches       = 0.4    // of what most tiles have in common: with as much one is of them
	flickerWhole         = 0.75   // of the tiles are all
	flickerTogetherLocal = 0.65   // likewise where only some of them flicker

	// A look that runs away: changes over a shot.
	driftSeconds      = 3.0   // the shortest shot
	driftMeets        = 0.06  // of the logarithms of luma and contrast, between shots of one look
	driftPatch        = 4.0   // tiles that content moves together
	driftAgree        = 3.0   // standard errors of the change among the parts
	driftTint         = 7.5   // likewise of a tint, which the content of a pan changes as well
	driftThere        = 0.8   // of the change: from here on it may come and go
	driftClear        = 0.8   // of the bounds below, where the course of the change is as clear as can be
	driftFirst        = 0.85  // of the squares that a later onset leaves more than one at the start
	driftFirstSlow    = 0.5   // likewise where it begins slowly
	driftLeft         = 0.55  // of the variation that an even change leaves
	driftSudden       = 0.44  // of the change within one second
	driftAtOnce       = 0.7   // seconds that an exposure takes which is set anew
	driftTakes        = 2.0   // likewise at least what runs away
	driftStood        = 1.05  // times what such a change leaves, that one which takes its time leaves
	driftStoodFree    = 0.82  // of which nothing is said by
	driftForeign      = 0.64  // of the new colours and tones that there would be if all had run away so far
	driftForeignFree  = 0.83  // of which nothing is said by
	driftOthers       = 12.0  // levels of light of 128, at which they are new in any case
	driftLight        = 40.0  // levels of colour that a change of the logarithm of the light counts as
	tintSample        = 4     // stretches at either end whose tints are compared
	tintNearest       = 0.016 // of the tints of the other end, so many of which are near
	driftLikely       = 0.2   // severity below which that is not asked
	driftSag          = 0.2   // of the logarithm of the contrast below that at both ends
	driftSagDetail    = 0.3   // likewise where it is detail that goes, and takes contrast along
	driftMixed        = 0.9   // seconds for which a dissolve is half-way, at most
	passageSeconds    = 2.8   // that one picture takes to go over into another, at most
	passageStands     = 0.4   // seconds that each of them is seen for
	passageLag        = 0.6   // seconds within which parts usually change so much
	passageNoise      = 0.03  // of a logarithm that they may change by
	passageRest       = 0.02  // of the variation that is never explained
	passageClear      = 0.1   // times more that an even change leaves
	passageShare      = 0.5   // of the variation
	passageOwn        = 0.12  // of the change that its parts do not have in common
	passageHolds      = 0.4   // of a change
	driftSun          = 0.02  // of the logarithm of the luma a second, which daylight may take
	driftExposure     = 0.083 // of the logarithm of the luma beyond that
	driftContrast     = 0.5   // of the logarithm of the standard deviation
	driftSaturation   = 0.17  // of its logarithm
	driftColour       = 11.5  // levels of mean Cb, Cr
	driftHue          = 0.6   // radians
	driftAgreeHue     = 3.75  // standard errors of it among the parts
	driftGrey         = 5.0   // levels of Cb and Cr of light of 128: paler colours have no hue
	driftDetail       = 0.34  // of the logarithm of the detail
	driftSure         = 1.5   // power of the agreement of its parts
	driftStrong       = 1.5   // times its bound: more of a blur has its steepest part within less time
	driftEdges        = 0.5   // of the usual far differences: a part with less does not tell
	driftFaint        = 8.0   // squared grey levels of far differences: with less there is no detail
	driftSoft         = 0.16  // of the share of a slope: less is what grain and coding leave of a blur
	driftPart         = 0.15  // of the shot at either end gives a colour its direction
	driftBins         = 48    // stretches into which a shot is cut
	driftStep         = 3     // of them within which what moves alters few parts
	driftSample       = 64    // frames of one that are looked at, or twice as many
	driftSampleCoarse = 8     // likewise at each sample of the analysis
	driftOnsets       = 2048  // onsets that are tried
	detailApart       = 4     // frames, at most, at every how many the detail is measured
	detailSeen        = 3     // of those at least in each of the stretches

	// Held frames.
	stutterReach     = 6      // frames to either side in which the pace is taken
	stutterLevels    = 0.5    // grey levels a frame: the least pace at which a held frame is seen
	stutterLeft      = 0.4    // of the pace: a held frame differs by less from the one before
	stutterMean      = 0.18   // likewise on average
	stutterBlended   = 0.35   // of which as much may be the encoder's where the next frame makes up for it
	stutterGoes      = 0.5    // of the pace: the frames beside it differ by more
	stutterEdge      = 0.6    // of the differences beside it
	stutterTurn      = 0.8    // likewise: the frames beside it differ by more from each other
	stutterCatch     = 1.3    // times the usual step: the one after a held frame that comes now and then
	stutterCaught    = 1.7    // likewise, surely
	stutterAdds      = 0.25   // of a step is what a second one adds to it, at least
	stutterHold      = 5      // held frames in a row; more is a pause
	stutterMakesUp   = 0.35   // of what was held for longer, that the next one makes up for
	stutterMoves     = 0.2    // of the frames at least have such a pace
	stutterTimes     = 1.5    // times at least that frames are held
	stutterShare     = 0.0125 // of all frames
	placedLeast      = 0.25   // of the pace is what the frames at one place of an encoder's cycle differ by, at least
	placedDeep       = 0.15   // of the pace, at most, is what the frames differ by that tell whether odd ones are held
	placedCoded      = 0.5    // grey levels a frame, as stutterCoded: steps large and small in turn are in the places
	cadenceHeld      = 5      // held frames that show a pattern
	cadenceCycles    = 3      // cycles of it
	cadenceFit       = 0.6    // share of the held frames that it explains, times that of its repeats that are seen
	cadenceLongest   = 25     // frames in one cycle
	cadenceOutside   = 0.75   // of the other differences, that held ones are where they are not seen one by one
	cadenceSlower    = 0.6    // of the pace elsewhere: where less moves encoders blend the repeats away
	cadenceLesser    = 0.8    // of the held ones there that are less than those beside them nevertheless
	cadenceHalves    = 1.1    // times those: a still and a step that are blended are two equal halves
	cadenceOwn       = 0.85   // of the frames seen to be held are those of a conversion whose others are blended away
	cadenceBlended   = 0.75   // of the other differences, at most, that those have
	cadencePart      = 0.95   // likewise in each part of the clip
	cadenceShort     = 10     // frames in one cycle of such a conversion
	cadenceThrough   = 6      // part of the clip that it may leave out at either end
	cadenceHolds     = 3      // times that animation before something that moves shows a drawing
	cadenceBeneath   = 0.15   // grey levels a frame that this moves by
	cadenceAdds      = 0.75   // of two such steps is how far both go
	pulldownParts    = 4      // parts of the clip, in each of which it shows
	pulldownDepth    = 0.2    // of the pace
	pulldownRegular  = 0.2    // of what the pace varies by
	pulldownPart     = 0.12   // of its depth in the whole, in each part
	patternLongest   = 5      // frames of a pattern
	patternTimes     = 4      // times that it is seen
	patternMiss      = 1.5    // of them, that one which fails costs
	patternLeft      = 0.6    // of a single step: a held frame differs by less from the one before
	patternNext      = 1.2    // likewise: the one after it by more
	patternMean      = 0.6    // likewise on average
	patternCaught    = 0.3    // of what was held, that the next one makes up for
	patternLeast     = 6.0    // times
	patternLevels    = 0.3    // grey levels of a single step
	pulseMost        = 2.0    // times the pace around, that a step counts to be beyond it
	pulseNoise       = 0.01   // squared, of the pace
	pulseDepth       = 0.12   // of the pace
	pulseRegular     = 0.5    // of what the pace varies by
	pulseOutside     = 0.55   // of the depth is outside as well
	pulseOutsideFree = 0.15   // of which nothing is said by
	pulseTimes       = 2.5    // times that it is seen
	pulseFrames      = 18     // frames of it
	pulseLevels      = 0.33   // grey levels a frame
	pulseSlower      = 0.5    // of the pace outside: where it is less
	pulseFaster      = 2.0    // likewise more
	pulsePaceFree    = 0.6    // of which nothing is said by
	pulseSmooth      = 0.85   // of the depth, by which the fold goes on from frame to frame
	pulseSmoothFree  = 0.6    // of which nothing is said by
	pulseTurnsFree   = 0.86   // likewise of what alternates
	pulseAlone       = 0.75   // of what a long cycle varies by, that one step makes
	pulseAloneFree   = 0.6    // of which nothing is said by
	pulseParts       = 0.6    // severity from which on what pulses is no conversion
	stutterCoded     = 1.0    // grey levels a frame: at such a pace encoders begin to move content in steps
	stutterEven      = 0.28   // of the larger, by which the differences of frames in a row may differ there
	stutterEvenFree  = 0.5    // of which nothing is said by
	stutterTurns     = 2.5    // standard deviations by which more of the held frames are odd than even, or fewer
	stutterTurnsFree = 0.6    // of which nothing is said by
	stutterSameGap   = 0.8    // of the distances between them, that may be one
	stutterSingles   = 10     // such differences that tell
	stutterAlone     = 4      // times the usual distance: so far off, the first frames held belong to no stutter

	// Mirrored time.
	mirrorFrames       = 12   // a mirror reaches at least so far to either side
	mirrorSeconds      = 0.5  // and so long
	mirrorLevels       = 0.8  // grey levels that the content beside the mirror differs by
	mirrorMatch        = 0.50 // a pair belongs to it below this share of what is beside it
	mirrorBridge       = 3    // pairs that may fail in a row
	mirrorDepth        = 0.65 // decision point of the depth
	mirrorNearness     = 0.9  // of the adjacent difference, plus noise: how near a copy must be
	mirrorNearnessTurn = 1.35 // likewise where motion turns at full pace
	mirrorTurnPace     = 0.75 // of the adjacent difference: that is full pace
	mirrorTurn         = 0.25 // of it, by which the frames beside the centre may differ
	mirrorNoise        = 0.5  // grey levels
	mirrorLock         = 0.8  // share of the pairs that are nearest to each other
	mirrorLocked       = 0.9  // likewise, above which they are on time to the frame
	mirrorStray        = 0.3  // of what the way back may stray, likewise
	mirrorFaint        = 0.05 // severity below which a centre is not kept
	mirrorLikely       = 0.2  // likewise, below which it is not looked at block by block
	mirrorRest         = 0.75 // of the pace: where motion turns slower than that it may have come to rest
	mirrorRestSpan     = 0.2  // likewise, below it, as far as is telling
	mirrorUnsure       = 0.45 // severity at most of a likeness that is not traced outwards
	mirrorMost         = 0.7  // of the reversals of a chain are no stronger than it
	mirrorStands       = 0.4  // likewise, below which it stands
	mirrorCoded        = 0.8  // grey levels of coding that make a turn stand
	mirrorMoved        = 8    // frames within which what moves shows: the pattern of a block differs by more than
	mirrorMoves        = 1.0  // grey levels
	mirrorLeaves       = 0.4  // of what coding leaves there counts, as much as it leaves in quiet blocks
	mirrorExcused      = 1.0  // grey levels at most that this makes of the pairs
	mirrorApart        = 6    // frames at least between two reversals
	mirrorSlack        = 4    // frames that a mirror may fall short
	mirrorLoose        = 0.6  // of the severity is left where it falls shorter
	strayLevels        = 2.0  // grey levels over which the timing of the way back is measured
	strayNear          = 0.3  // frames that it may be early or late
	strayFar           = 0.06 // and of the frames over which that is measured

	// Back at the start.
	returnFirst       = 5    // frames that are the start
	returnFade        = 16   // frames of the longest cross-fade
	returnAway        = 0.75 // seconds before, in which the content was elsewhere
	returnJump        = 2.5  // times the motion around it
	returnDetour      = 0.3  // of the way: what blends makes no detour
	returnMixed       = 0.36 // of the difference of the ends of a fade, by which the frame in the middle is no mixture of them
	returnMixedFree   = 0.5  // of which nothing is said by
	returnLikely      = 0.2  // severity below which it is not registered
	returnCarried     = 0.52 // of the difference, that a motion of the camera takes out
	returnCarriedFree = 0.9  // of which nothing is said by
	returnFlat        = 0.25 // grey levels at half the size, that tell nothing of it
	returnGone        = 0.4  // of how far the start moves on within a second or so, that it was away before it faded back
	returnGoneFree    = 0.5  // of which nothing is said by
	returnSteps       = 1.5  // times the adjacent difference at the start, by which the content was elsewhere
	returnNear        = 0.9  // of the adjacent difference at the start, plus noise
	returnNoise       = 0.5  // grey levels
	returnAnew        = 1.0  // grey levels more where it is coded anew, and half of that beside the next
	returnCoded       = 1.0  // grey levels at most that coding is seen to leave
	returnMatch       = 0.25 // of how far the content was, and of how far the start moves on
	returnOften       = 3    // other returns like it: so many are a rhythm
	returnLevels      = 1.0  // grey levels that both are at least

	// Jumps within a scene.
	jumpReach     = 8    // frames to either side in which the liveliest sets the pace
	jumpOneSide   = 0.88 // of the livelier side's pace, at least
	jumpAround    = 24   // frames to either side whose motion is compared with the step
	jumpLevels    = 2.0  // grey levels
	jumpNoise     = 0.5  // grey levels added to the pace
	jumpRatio     = 2.5  // times the pace
	jumpSkips     = 4.5  // frames of the motion around it
	jumpSkipsFree = 0.4  // of which nothing is said by: eleven frames are nearly as good as a hundred
	jumpFar       = 0.5  // what is between none and jumpAround frames, likewise
	jumpLongest   = 40   // frames that are missing at most where the motion is to tell what they change
	jumpMoves     = 0.6  // grey levels that the content changes by within half a second on one side
	jumpLooks     = 0.35 // of the doubt that the looks raise counts: colours tell better
	jumpSlide     = 0.06 // of the step, likewise: what an encoder changes between two slides is less
	jumpRedrawn   = 6.0  // grey levels that an encoder steps by where it draws the picture anew
	redrawnDetail = 0.2  // of the logarithm of the detail, by which it comes up there
	redrawnParts  = 0.75 // of the parts, in which it does
	redrawnTones  = 0.3  // of the distance to another scene: so far no encoder takes the colours
	redrawnFree   = 0.55 // of them, of which nothing is said by
	jumpStays     = 0.7  // of the step remains a few frames to either side
	sceneLooks    = 0.02 // distance of the looks within one scene, plus
	jumpAlike     = 0.5  // of the distance to another scene is no doubt that it is the same
	sceneVaries   = 0.3  // times that on either side
	sceneMoves    = 0.55 // of the looks' distance over the frames missing, where that many are
	sceneOther    = 0.25 // distance of the looks of two scenes, surely
	sceneStep     = 0.5  // of the step: others as large may be cuts

	// The colours of a scene.
	paletteChroma = 1.5  // levels of luma that one of colour counts as
	paletteLevels = 9.0  // levels that they differ by in two scenes
	paletteMoves  = 0.75 // of that is what moves in one
	palettePasses = 1.5  // likewise what changes as much as in as many frames beside it
	paletteParts  = 0.47 // less of it where the content goes on apart
	partsFrames   = 8    // frames over which that is seen
	partsFree     = 1.03 // times the step, up to which it does not
	partsSure     = 1.08 // likewise from which it surely does

	// Steps at one spacing.
	seamShortest = 8    // frames
	seamNoise    = 0.25 // grey levels added to the pace
	seamTone     = 0.25 // grey levels added to the changes of exposure and contrast
	seamChroma   = 0.25 // levels added to the changes of colour
	seamShift    = 0.25 // samples added to the changes of the picture's displacement
	seamReaches  = 6    // samples of the longest displacement
	seamAlike    = 0.55 // of the difference of the profiles is left by one that counts
	seamUnlike   = 0.85 // likewise by one that does not
	seamSoft     = 1.2  // of the steps of a train that is only faint
	seamFaint    = 0.45 // severity of it at most
	seamLevels   = 0.75 // grey levels of content
	seamPlain    = 0.9  // times the content's changes around: with no more, neither contrast nor place step
	seamSeen     = 1.2  // likewise: a step of theirs is as large as it looks
	seamStep     = 1.8  // times the changes around it
	seamClear    = 2.5  // likewise, on average
	seamRegular  = 0.75 // of the places have a step
	seamLeast    = 3    // steps, the start of the clip being one where the first stretch is as long as the others
	seamCut      = 6.0  // likewise, from which it may be a cut
	seamContent  = 0.5  // of the spread inside the frames, by which content differs that has nothing in common
	seamLooks    = 0.5  // distance of such frames' looks
	seamOthers   = 0.5  // steps elsewhere for each

	// The cycle of a decoder.
	cyclePsi    = 0.10
	cycleLevels = 0.2 // grey levels of shimmer
)

// operating are the strengths of evidence (see strength) at which a kind counts as found, where
// that is not 0.5. What is set on the videos of one edition of the corpus fires more often on the
// next one: these were set on four together, for the kinds that fire most often on healthy videos.
var operating = &Presets{Decision: map[string]float64{"freeze": 0.54, "region_freeze": 0.55, "drift": 0.54}}

// weakened is a severity of strength with one more ratio.
func weakened(severity, ratio float64) float64 {
	return math.Exp2(-math.Hypot(math.Log2(1/math.Max(1e-9, severity)), ratio))
}

func clamp01(v float64) float64 { return math.Max(0, math.Min(1, v)) }

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

// beyond is a ratio for strength of which the first part, up to free, says nothing.
func beyond(free, ratio float64) float64 { return max(0, ratio-free) / (1 - free) }

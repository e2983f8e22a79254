// Package vqeval finds temporal failures in videos: frames in, findings out. It
// needs no GPU, no weights and no knowledge of who made the video.
//
// Its two ideas: the temporal variogram (how far two frames are apart as a
// function of the time between them) grows with the lag while a video lives and
// is flat once it froze, however much grain, codec noise or decoder shimmer
// keeps its pixels changing; and a loop is a valley of the self-similarity
// matrix along one diagonal, beside which the content is different.
//
// Evaluate scores a file, EvaluateFrames frames in memory. Severities are the
// strength of the evidence in [0,1] with the decision at 0.5; how much of the
// video is hit is the share.
package vqeval

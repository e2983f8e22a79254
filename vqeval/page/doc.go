// Package page draws what vqeval found: figures of one video and of a batch,
// and one HTML file that opens from disk and shows the frames of each finding.
// It draws from reports and curves, and takes only pictures from the video.
package page

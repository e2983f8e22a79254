// Package video reads and writes video files through ffmpeg: Probe, Decode
// (streaming, every frame at its native rate, in bounded memory) and Create
// (H.264 or VP9, 4:2:0). It is the only package that knows how ffmpeg is called.
//
// ffmpeg gets every input as an open file descriptor and may open nothing
// else: names that start with "-", hold ":" or look like a pattern are plain
// file names, and playlists or concat scripts that name other files or URLs are
// refused.
//
// Cancelling the context ends ffmpeg and leaves neither a process nor a
// goroutine behind.
package video

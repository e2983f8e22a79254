// Package sweeps runs a grid of cells (method, horizon, prompt, seed) through
// a model, scores every video from the file that was written, and keeps one
// record per cell in a folder that any number of runners may share.
//
// A spec file ([ParseSpec]) becomes cells ([Spec.Plan]); [Run] works them off
// and can be killed at any moment: the same call goes on where it stopped.
package sweeps

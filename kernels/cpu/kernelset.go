package cpu

// kernelSet is the micro-kernels of one instruction set.
type kernelSet struct{}

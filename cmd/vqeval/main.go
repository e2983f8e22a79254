// Command vqeval finds temporal failures in video files: freezes, loops and what
// else package longtake/vqeval looks for.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"longtake/vqeval"
)

func main() {
	vqeval.SaveMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

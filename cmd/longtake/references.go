package main

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"longtake/bench"
	"longtake/diffusion/mini"
	"longtake/internal/atomicfile"
	"longtake/sweeps"
)

func (p *program) referencesCommand() *cobra.Command {
	var out, work string
	cmd := &cobra.Command{
		Use:   "references -o FILE",
		Short: "Make the records that ship with the built-in model for reports to compare with",
		Long: `Generates every scene of the built-in model with dense attention at its training
horizon (seeds 1 to 4, 20 steps, guidance 3), renders the procedural scenes' own
videos at 81, 165 and 333 frames, scores them all and writes their records as
JSON Lines. The work is kept in a folder, so that the command can go on.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usagef("references: no file named: add -o FILE")
			}
			lines, err := sweeps.References(cmd.Context(), sweeps.Options{Dir: work, Progress: newProgress(p.stderr), Version: engine()}, p.env())
			if err != nil {
				return err
			}
			if err := atomicfile.WriteBytes(out, lines); err != nil {
				return fmt.Errorf("references: %w", err)
			}
			_, err = fmt.Fprintln(p.stdout, out)
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file of the records (JSON Lines)")
	cmd.Flags().StringVar(&work, "work", filepath.Join("out", "references"), "folder of the videos")
	return cmd
}

// miniReferences are the records that ship with the built-in model.
func miniReferences() ([]bench.Record, []bench.Warning, error) {
	return bench.ReadAll(bytes.NewReader(mini.References()), "references of mini")
}

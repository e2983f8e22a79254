package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"longtake/bench/gate"
	"longtake/reports"
)

// gateError is a gate that did not hold.
type gateError struct{ outcome gate.Outcome }

func (e *gateError) Error() string { return "gate: " + string(e.outcome) }

func (p *program) gateCommand() *cobra.Command {
	var baseline, current, thresholds string
	var only []string
	var asJSON, show bool
	cmd := &cobra.Command{
		Use:   "gate --baseline A.jsonl --current B.jsonl [--thresholds FILE]",
		Short: "Hold records against a baseline: speed, quality, findings",
		Long: `gate compares two record files, or folders of sweeps, per metric and cell. Times
and memory are compared over repeats on one host (sweeps with repeats:, longtake
bench --count N --json), quality over pairs of videos with the same prompt and
seed, and a failure that a video did not have before counts by itself.

Under GitHub Actions it writes a table to $GITHUB_STEP_SUMMARY and annotations.
Exit status: 0 held; 1 regressed; 2 the call or a file was wrong; 3 cannot judge.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if show {
				_, err := io.WriteString(p.stdout, gate.DefaultYAML)
				return err
			}
			if baseline == "" || current == "" {
				return usagef("gate: want --baseline A.jsonl and --current B.jsonl")
			}
			rules := gate.Default()
			if thresholds != "" {
				var err error
				if rules, err = gate.ReadRules(thresholds); err != nil {
					return input(err)
				}
			}
			rules.Select = only
			var sides [2]*gate.Side
			for i, name := range []string{baseline, current} {
				var err error
				if sides[i], err = gate.ReadSide(name); err != nil {
					return input(err)
				}
				for _, w := range sides[i].Warnings {
					fmt.Fprintln(p.stderr, w)
				}
			}
			return p.tellGate(gate.Compare(sides[0], sides[1], rules), asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&baseline, "baseline", "", "records.jsonl, or the folder of a sweep")
	f.StringVar(&current, "current", "", "likewise")
	f.StringVar(&thresholds, "thresholds", "", "YAML file with a rule for each metric (default: --print-thresholds)")
	f.StringSliceVar(&only, "metrics", nil, "judge only metrics that match one of these patterns, such as 'vqeval.*'")
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	f.BoolVar(&show, "print-thresholds", false, "print the default thresholds file")
	return cmd
}

// tellGate prints a result where it belongs.
func (p *program) tellGate(r *gate.Result, asJSON bool) error {
	var err error
	commands := p.stdout // GitHub reads both streams
	if asJSON {
		commands = p.stderr
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", " ")
		err = e.Encode(r)
	} else {
		err = reports.GateText(p.stdout, r)
	}
	if err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		if err := reports.GateAnnotations(commands, r); err != nil {
			return fmt.Errorf("gate: %w", err)
		}
	}
	if name := os.Getenv("GITHUB_STEP_SUMMARY"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("gate: step summary: %w", err)
		}
		if err := errors.Join(reports.GateMarkdown(f, r), f.Close()); err != nil {
			return fmt.Errorf("gate: step summary: %w", err)
		}
	}
	if r.Outcome != gate.Held {
		return &gateError{r.Outcome}
	}
	return nil
}

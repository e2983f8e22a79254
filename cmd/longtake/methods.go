package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longtake/lvsa"
)

func (p *program) methodsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "methods",
		Short: "List the attention methods and their parameters",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			for _, m := range lvsa.Methods() {
				fmt.Fprintf(w, "%s\t%s\n", m.Name, m.Doc)
				listParams(w, m.Params)
			}
			fmt.Fprintf(w, "any method\t\n")
			listParams(w, lvsa.Common())
			return w.Flush()
		},
	}
}

func listParams(w *tabwriter.Writer, params []lvsa.Param) {
	for _, q := range params {
		fmt.Fprintf(w, "  %s\t%s: %s (default %v)\n", q.Name, q.Doc, q.Allowed(), q.Default)
	}
}

package sweeps

import "context"

type server struct{ f *Foreign }

func (server) pool(*Cell) string                                    { return "" }
func (server) show(*Plan, *Cell) string                             { return "" }
func (server) make(context.Context, *runner, *job, slot, int) error { return nil }
func (f *Foreign) formFields(b Binding) map[string]Template         { return merged(f.Fields, b.Fields) }
func (p *Plan) serverPools() (map[string]*pool, error)              { return nil, nil }

package cpu

const (
	genericBlock   = 64 // keys of one partial state
	genericQueries = 16 // of one item
)

func (p *plan) genericScratch() int { return 3*p.shape.D + genericBlock }

// attendGeneric is the specification of attention: for every query, one state
// per block of keys, merged in order. f is scratch of genericScratch elements.
func (p *plan) attendGeneric(f []float32, b, h int, q span32, runs []span32) {
	d := p.shape.D
	hk := h / (p.shape.H / p.shape.Hkv)
	all, part := state{o: f[:d]}, state{o: f[d : 2*d]}
	key, logit := f[2*d:3*d], f[3*d:]
	for i := int(q.lo); i < int(q.hi); i++ {
		query := p.q.f[p.q.at(b, h, i):][:d]
		all.reset()
		for _, r := range runs {
			for k0 := int(r.lo); k0 < int(r.hi); k0 += genericBlock {
				k1 := min(k0+genericBlock, int(r.hi))
				part.reset()
				for j := k0; j < k1; j++ {
					k := p.k.f[p.k.at(b, hk, j):][:d]
					if p.logits.CenterK {
						for c, m := range p.mean[(b*p.shape.Hkv+hk)*d:][:d] {
							key[c] = k[c] - m
						}
						k = key
					}
					x := editLogit(&p.logits, p.logits.Scale*dot(query, k), i, j)
					logit[j-k0] = x
					part.m = max(part.m, x)
				}
				if part.m == negInf {
					continue
				}
				for j := k0; j < k1; j++ {
					if logit[j-k0] == negInf {
						continue // removed: its value does not count, be it a NaN
					}
					w := exp(logit[j-k0] - part.m)
					part.d += w
					for c, v := range p.v.f[p.v.at(b, hk, j):][:d] {
						part.o[c] += w * v
					}
				}
				all.merge(part)
			}
		}
		lse := all.finish(p.out.f[p.out.at(b, h, i):][:d])
		if p.hasLSE {
			p.lse.f[p.lse.at(b, h, i)] = lse
		}
	}
}

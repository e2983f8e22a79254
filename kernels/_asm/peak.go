package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// mulAdds does nothing but independent fused multiply-adds: the rate that
// other kernels are measured against. Every lane settles at 1.
func mulAdds(v isa) {
	TEXT("mulAdds"+v.suffix, NOSPLIT, "func(n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("mulAdds%s does n rounds of %d independent multiply-adds of %d lanes.", v.suffix, v.peakAdds(), v.lanes))
	n := Load(Param("n"), GP64())
	clear(hoisted)
	half := v.load(0.5)
	var acc []vec
	for range v.peakAdds() {
		acc = append(acc, v.zero())
	}
	Label("loop")
	for _, r := range acc {
		VFMADD213PS(half, half, r) // r/2 + 1/2
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// peakAdds leaves registers to spare and covers the latency many times over.
func (v isa) peakAdds() int {
	if v.wide {
		return 24
	}
	return 12
}

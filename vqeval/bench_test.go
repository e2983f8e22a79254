package vqeval

import (
	"fmt"
	"testing"
)

func BenchmarkSelfSimilarity(b *testing.B) {
	for _, n := range []int{333, 518} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := &Source{Width: 104, Height: 60}
			for t := range n {
				l := make([]byte, 104*60)
				for i := range l {
					l[i] = byte(i*7 + t*13)
				}
				s.Luma = append(s.Luma, l)
			}
			p := newPlanes(s, false)
			b.ResetTimer()
			for b.Loop() {
				newSelfsim(p)
			}
			b.ReportMetric(float64(n*(n-1)/2)*float64(104*60)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gsamples/s")
		})
	}
}

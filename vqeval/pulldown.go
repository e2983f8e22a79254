package vqeval

// An encoder that blends what a conversion holds with what moves on leaves few held frames of film at
// 60 Hz, and those not where its pattern has them: it has to fit groups of two and four frames to a
// cycle of five. That cycle is left in the pace, all through the clip, and no encoder has one of five.

const pulldownCycle = 5

// pulldown tells whether the pace goes by the cycle of a 3:2 conversion in each quarter of a row of
// adjacent differences: of each five frames two are new, with one and two held ones between them.
func pulldown(a []float64) bool {
	p, y := pulse{cycle: pulldownCycle}, relativePace(a, pulldownCycle)
	fold, square, all := p.folded(y, 1, len(y))
	if square < pulldownDepth*pulldownDepth || square < pulldownRegular*all || !twoNew(fold) {
		return false
	}
	for i := range pulldownParts {
		part, _, _ := p.folded(y, max(1, i*len(y)/pulldownParts), (i+1)*len(y)/pulldownParts)
		var both, whole float64
		for k, v := range fold {
			both += v * part[k]
			whole += v * v
		}
		if both < pulldownPart*whole {
			return false
		}
	}
	return true
}

// twoNew tells whether the two places of the fold with the longest steps have others between them.
func twoNew(fold []float64) bool {
	first, second := 0, 1
	if fold[1] > fold[0] {
		first, second = 1, 0
	}
	for k := 2; k < len(fold); k++ {
		switch {
		case fold[k] > fold[first]:
			first, second = k, first
		case fold[k] > fold[second]:
			second = k
		}
	}
	apart := abs(first - second)
	return fold[second] > 0 && apart > 1 && apart < len(fold)-1
}

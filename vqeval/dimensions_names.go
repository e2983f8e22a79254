package vqeval

// DimensionNames are the scores of a video, in the order of tables. All but
// motion are part of the composite by default: how much a scene should move is
// its author's decision.
var DimensionNames = []string{"stillness", "repetition", "motion", "stability", "detail", "drift"}

// DefaultWeights of the composite; a dimension that was not assessed leaves it
// and the others share its weight.
var DefaultWeights = map[string]float64{"stillness": 0.3, "repetition": 0.3, "motion": 0, "stability": 0.2, "detail": 0.1, "drift": 0.1}

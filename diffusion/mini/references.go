package mini

import _ "embed"

//go:embed references.jsonl
var references []byte

// References are records (JSON Lines) to compare a sweep of this model with:
// its own dense videos at the training horizon, four seeds a scene, and the
// procedural scenes' own videos. `make references` writes them.
func References() []byte { return references }

package gate

import (
	"strings"
	"testing"
)

func TestDefaultRules(t *testing.T) {
	r := Default()
	if r.FDR != 0.05 || r.Findings.Rule != "any" || r.Findings.Jump != 0.25 || r.Hashes != "note" {
		t.Errorf("%+v", r)
	}
	for _, tc := range []struct {
		metric, records string
		judge           Judge
		better          Better
		tolerate        string
	}{
		{"wall_s", "cells", Repeats, Lower, "5 %"},
		{"score_s", "cells", Ignore, "", "0"},
		{"score_s", "bench", Repeats, Lower, "5 %"},
		{"decode_s", "bench", Ignore, "", "0"},
		{"decode_s", "cells", Repeats, Lower, "5 %"},
		{"fastest_peer_ratio", "bench", Repeats, Higher, "5 %"},
		{"dense_ratio", "bench", Repeats, Lower, "5 %"},
		{"bandwidth_gb_per_s", "bench", Ignore, "", "0"},
		{"score_wall_ratio", "bench", Repeats, Lower, "5 %"},
		{"peak_rss_bytes", "cells", Repeats, Lower, "10 %"},
		{"attended_fraction", "cells", Exact, Same, "1e-09"},
		{"vqeval.freeze.share", "cells", Pairs, Lower, "0.02"},
		{"vqeval.freeze.severity", "cells", Pairs, Lower, "0.05"},
		{"vqeval.motion_plateau_81", "cells", Pairs, Higher, "10 %"},
		{"vqeval.expect_motion", "cells", Ignore, "", "0"},
	} {
		u, ok := r.find(tc.metric, tc.records)
		if !ok || u.Judge != tc.judge || u.Better != tc.better || u.Tolerate.String() != tc.tolerate {
			t.Errorf("%s of %s: %+v", tc.metric, tc.records, u)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"wall_s", "wall_s", true}, {"wall_s", "wall_s2", false}, {"*_s", "wall_s", true}, {"*_s", "_s", true}, {"*_s", "wall_sx", false},
		{"vqeval.*.share", "vqeval.freeze.share", true}, {"vqeval.*.share", "vqeval.share", false}, {"a*b*c", "aXbYbZc", true}, {"a*b*c", "ac", false},
		{"*", "", true}, {"", "", true}, {"", "x", false}, {"a*a", "a", false}, {"**", "x", true},
	} {
		if got := match(tc.pattern, tc.s); got != tc.want {
			t.Errorf("match(%q, %q) = %v", tc.pattern, tc.s, got)
		}
	}
}

const rule = "metrics:\n  - {metric: wall_s, judge: repeats, better: lower, tolerate: 5%}\n"

func TestParseRules(t *testing.T) {
	for _, tc := range []struct{ name, src, says string }{
		{"empty", "", "the file is empty"},
		{"comment", "# nothing\n", "the file is empty"},
		{"a list", "- a\n", "cannot unmarshal"},
		{"no schema", rule, "line 1: schema is 0"},
		{"other schema", "schema: 2\n" + rule, "line 1: schema is 2"},
		{"no metrics", "schema: 1\n", "no metrics"},
		{"unknown key", "schema: 1\n" + rule + "alfa: 3\n", "line 4: field alfa not found"},
		{"unknown key of a rule", "schema: 1\nmetrics:\n  - {metric: a, judge: exact, tolerance: 3}\n", "line 3: field tolerance not found"},
		{"twice", "schema: 1\nschema: 1\n" + rule, "line 2"},
		{"no number", "schema: one\n" + rule, "line 1: cannot unmarshal"},
		{"rate", "schema: 1\nfalse_discovery_rate: 2\n" + rule, "line 2: false_discovery_rate is 2"},
		{"NaN", "schema: 1\nfalse_discovery_rate: .nan\n" + rule, "line 2: false_discovery_rate is NaN"},
		{"judge", "schema: 1\nmetrics:\n  - {metric: a, judge: feel}\n", `line 3: judge of a is "feel"`},
		{"no judge", "schema: 1\nmetrics:\n\n  - metric: a\n", `line 4: judge of a is ""`},
		{"no metric", "schema: 1\nmetrics:\n  - {judge: exact}\n", "line 3: metrics[0] has no metric"},
		{"direction", "schema: 1\nmetrics:\n  - {metric: a, judge: pairs, tolerate: 1}\n", `line 3: better of a is ""`},
		{"same", "schema: 1\nmetrics:\n  - {metric: a, judge: pairs, better: same, tolerate: 1}\n", `line 3: better of a is "same"`},
		{"no tolerance", "schema: 1\nmetrics:\n  - {metric: a, judge: pairs, better: lower}\n", `line 3: tolerate of a: ""`},
		{"negative", "schema: 1\nmetrics:\n  - {metric: a, judge: pairs, better: lower, tolerate: -1}\n", `line 3: tolerate of a: "-1"`},
		{"seconds", "schema: 1\nmetrics:\n  - {metric: a, judge: repeats, better: lower, tolerate: 1}\n", "it must be a share"},
		{"records", "schema: 1\nmetrics:\n  - {metric: a, judge: ignore, records: all}\n", `line 3: records is "all"`},
		{"finding", "schema: 1\nfindings: {rule: some}\n" + rule, `line 2: findings.rule is "some"`},
		{"jump", "schema: 1\nfindings: {jump: 2}\n" + rule, "line 2: findings.jump is 2"},
		{"share", "schema: 1\nfindings: {tolerate: 1}\n" + rule, "line 2: findings.tolerate is 1"},
		{"hashes", "schema: 1\nhashes: yes please\n" + rule, `line 2: hashes is "yes please"`},
		{"two documents", "schema: 1\n" + rule + "---\nschema: 1\n", "second document"},
		{"no YAML", "schema: [1\n", "t.yaml: "},
		{"large", strings.Repeat("#", maxRules+1), "more than"},
	} {
		_, err := ParseRules([]byte(tc.src), "t.yaml")
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "t.yaml") || strings.Contains(err.Error(), "gate.field") {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.says)
		}
	}
	r, err := ParseRules([]byte(`{"schema":1,"metrics":[{"metric":"a","judge":"pairs","better":"higher","tolerate":"2.5 %"},{"metric":"b","judge":"exact","tolerate":0}]}`), "t.json")
	if err != nil || len(r.Metrics) != 2 || !r.Metrics[0].Tolerate.Relative || r.Metrics[0].Tolerate.Value != 0.025 || r.Metrics[1].Better != Same {
		t.Errorf("JSON: %+v, %v", r, err)
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte(DefaultYAML))
	f.Add([]byte("schema: 1\n" + rule))
	f.Add([]byte("&a [*a]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := ParseRules(src, "x")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "gate: x: ") {
				t.Errorf("error %q", err)
			}
			return
		}
		for _, u := range r.Metrics {
			if u.Judge == "" || u.Judge != Ignore && u.Better == "" || !(u.Tolerate.Value >= 0) {
				t.Errorf("rule %+v", u)
			}
		}
	})
}

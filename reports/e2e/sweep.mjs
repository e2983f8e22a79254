// A finished small sweep in a folder of its own, with findings that the tests
// know: what the scorer says of it is not their subject.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');
export const rate = 16; // frames a second of the built-in model

export function longtake(...args) {
  return execFileSync(join(root, 'bin', 'longtake'), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });
}

// The findings of one cell: dense at 165 frames, prompt runner.
export const findings = [
  { kind: 'freeze', onset_frame: 96, end_frame: 164, text: 'holds <b>still</b> from frame 96' },
  { kind: 'loop', onset_frame: 16, end_frame: 79, text: 'repeats every 16 frames' },
];

export function make() {
  const dir = mkdtempSync(join(tmpdir(), 'longtake-page-'));
  longtake('sweep', join(here, 'sweep.yaml'), '-o', dir);
  const cells = join(dir, 'cells');
  for (const id of readdirSync(cells)) {
    const path = join(cells, id, 'record.json');
    const r = JSON.parse(readFileSync(path, 'utf8'));
    r.findings = [];
    for (const k of Object.keys(r.metrics)) if (/^vqeval\..*\.(severity|share)$/.test(k)) r.metrics[k] = 0;
    if (r.cell.method.name === 'dense' && r.cell.frames === 165 && r.cell.prompt.tag === 'runner') {
      r.findings = findings;
      r.metrics['vqeval.freeze.severity'] = r.metrics['vqeval.loop.severity'] = 0.9;
      const scores = join(cells, id, 'vqeval.json');
      const v = JSON.parse(readFileSync(scores, 'utf8'));
      Object.assign(v.failures.loop, { severity: 0.9, period_frames: 16, repeats: 3, onset_frame: 16, end_frame: 79 });
      writeFileSync(scores, JSON.stringify(v));
    }
    writeFileSync(path, JSON.stringify(r));
  }
  longtake('report', dir);
  return { dir, page: join(dir, 'report', 'index.html'), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

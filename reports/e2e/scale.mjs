// Measures a report of 10,000 records and 400 videos: how long `longtake report`
// takes, how much memory, and when its page can be used. Run it on a machine
// that does nothing else: `make page-scale`.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, page } from './browser.mjs';
import { root } from './sweep.mjs';

const most = 500 * 2 ** 20;
const dir = process.argv[2] || mkdtempSync(join(tmpdir(), 'longtake-scale-'));
try {
  if (!process.argv[2]) execFileSync('go', ['test', './reports', '-run', 'TestWriteScale', '-scale', dir], { cwd: root, stdio: 'inherit' });
  const t0 = performance.now();
  const run = spawn(join(root, 'bin', 'longtake'), ['report', dir], { stdio: 'ignore' });
  let peak = 0;
  const watch = setInterval(() => {
    try { peak = Math.max(peak, 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${run.pid}/status`, 'utf8'))[1])); } catch { /* it has ended */ }
  }, 20);
  const code = await new Promise(done => run.on('exit', done));
  clearInterval(watch);
  const built = (performance.now() - t0) / 1000;
  const index = join(dir, 'report', 'index.html');
  console.log(`10000 records, 400 videos: longtake report ${built.toFixed(1)} s (at most 10 asked), peak memory ${(peak / 2 ** 20).toFixed(0)} MiB (at most 500), page ${(statSync(index).size / 2 ** 20).toFixed(1)} MiB, exit ${code}`);
  const browser = await open();
  const times = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const p = await page(browser, index, { viewport: { width: 1280, height: 900 } });
    await p.waitForSelector('#players figure');
    await p.click('#play'); // usable: the button answers
    await p.waitForFunction(() => /Pause/.test(document.getElementById('play').textContent));
    times.push((performance.now() - start) / 1000);
    if (p.bad.length) console.log(p.bad.slice(0, 5).join('\n'));
    await p.context().close();
  }
  await browser.close();
  console.log(`page usable after ${times.map(t => t.toFixed(2)).join(', ')} s (5 loads; at most 2 asked)`);
  if (code !== 0 || peak > most) process.exitCode = 1;
} finally {
  if (!process.argv[2]) rmSync(dir, { recursive: true, force: true });
}

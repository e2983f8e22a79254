// Renews the pictures of the page in docs/ from a finished sweep: out/smoke, or
// the folder that is given.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, page } from './browser.mjs';
import { longtake, root } from './sweep.mjs';

const dir = process.argv[2] || join(root, 'out', 'smoke');
longtake('report', dir);
const index = join(dir, 'report', 'index.html');
mkdirSync(join(root, 'docs'), { recursive: true });
const browser = await open();
for (const [name, options] of [
  ['light', { viewport: { width: 1280, height: 1440 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1280, height: 1440 }, colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 2300 }, colorScheme: 'light' }],
]) {
  const p = await page(browser, index, { ...options, fragment: '#t=9' });
  await p.waitForFunction(() => { const all = [...document.querySelectorAll('#players video')]; return all.length > 0 && all.every(v => v.readyState >= 2 && !v.seeking); });
  await p.screenshot({ path: join(root, 'docs', `page-${name}.png`) });
  if (p.bad.length) throw new Error(p.bad.join('\n'));
  await p.context().close();
}
await browser.close();

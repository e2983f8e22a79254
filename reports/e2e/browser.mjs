// The browser that the tests, the pictures and the measurement share.
import { chromium } from 'playwright-core';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function open() {
  const executablePath = places.find(p => p && existsSync(p));
  if (!executablePath) throw new Error('no Chromium: run tools/need-chromium.sh, or name one in CHROMIUM');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] });
}

// page opens a file and gathers what must not happen: errors, messages of the
// console that are errors, and requests for anything but files and data.
export async function page(browser, file, { fragment = '', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const p = await context.newPage();
  p.setDefaultTimeout(60_000);
  const bad = [];
  p.on('pageerror', e => bad.push('error: ' + e.stack));
  p.on('console', m => { if (['error', 'warning'].includes(m.type())) bad.push(m.type() + ': ' + m.text()); });
  p.on('request', r => { if (!/^(file|data|blob):/.test(r.url())) bad.push('request: ' + r.url()); });
  p.on('requestfailed', r => { if (r.failure()?.errorText !== 'net::ERR_ABORTED') bad.push('failed: ' + r.url() + ' ' + r.failure()?.errorText); });
  await p.goto(pathToFileURL(file).href + fragment);
  return Object.assign(p, { bad });
}

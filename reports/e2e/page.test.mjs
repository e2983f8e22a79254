// What the page does in a browser, on the records of a small real sweep opened
// from disk.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { open, page } from './browser.mjs';
import { findings, longtake, make, rate } from './sweep.mjs';

const tall = { width: 1280, height: 2600 }; // all players are on the screen
let browser, sweep;
before(async () => {
  sweep = make();
  browser = await open();
});
after(async () => {
  await browser?.close();
  sweep?.remove();
});

const shows = async (options = {}) => {
  const p = await page(browser, sweep.page, options);
  await p.waitForSelector('#players figure');
  return p;
};

// The frames that the loaded players show, with their own length.
const frames = p => p.evaluate(rate => [...document.querySelectorAll('#players video')].map(v => ({ frame: Math.floor(v.currentTime * rate + 1e-3), frames: Math.round(v.duration * rate), ready: v.readyState, seeking: v.seeking })), rate);
const settled = p => p.waitForFunction(() => { const all = [...document.querySelectorAll('#players video')]; return all.length > 1 && all.every(v => v.readyState >= 2 && !v.seeking); });
const clock = p => p.evaluate(() => Number(document.getElementById('seek').value));

// What is painted, not what a player says: the frames that reached the screen.
const watch = p => p.evaluate(() => {
  for (const v of document.querySelectorAll('#players video')) {
    const seen = (_, m) => { v.painted = m.mediaTime; v.requestVideoFrameCallback(seen); };
    v.requestVideoFrameCallback(seen);
  }
});
const painted = (p, frame) => p.waitForFunction(([rate, frame]) => [...document.querySelectorAll('#players video')].every(v => Math.abs(Math.round(v.painted * rate) - Math.min(frame, Math.round(v.duration * rate) - 1)) <= 1), [rate, frame]);

function inStep(all, expected) {
  assert.ok(all.length >= 2, 'fewer than two players are loaded');
  for (const v of all) {
    const want = Math.min(expected, v.frames - 1);
    assert.ok(Math.abs(v.frame - want) <= 1, `a player of ${v.frames} frames shows ${v.frame}, not ${want}: ${JSON.stringify(all)}`);
  }
}

test('it opens without an error and asks no network', async () => {
  const p = await shows();
  await settled(p);
  assert.match(await p.textContent('.answer'), /dense froze in 1 of 2 videos, from 6\.0 s on/);
  assert.deepEqual(p.bad, []);
  await p.context().close();
});

test('players stay within a frame of each other', async () => {
  const p = await shows({ viewport: tall });
  await settled(p);
  const lengths = new Set((await frames(p)).map(v => v.frames));
  assert.ok(lengths.size === 2, 'one screen should show both lengths: ' + [...lengths]);
  await watch(p);

  await p.click('#play');
  for (let i = 0; i < 6; i++) {
    await p.waitForTimeout(250);
    // One evaluation: all are read at the same moment. Those that are over stand still.
    const got = await p.evaluate(rate => [...document.querySelectorAll('#players video')].filter(v => !v.ended && v.currentTime < v.duration - 2 / rate).map(v => v.currentTime), rate);
    assert.ok(Math.max(...got) - Math.min(...got) <= 1.001 / rate, 'while playing: ' + got);
  }
  assert.ok(await clock(p) > 0.3, 'it does not play');
  await p.click('#play');
  await settled(p);
  inStep(await frames(p), Math.floor(await clock(p) * rate + 1e-6));

  await p.evaluate(() => { const s = document.getElementById('seek'); s.value = '7.5'; s.dispatchEvent(new Event('input')); });
  await settled(p);
  inStep(await frames(p), 120); // the short ones show their last frame
  await painted(p, 120);
  assert.equal(await p.locator('.ended:visible').count(), 4);

  await p.keyboard.press('ArrowRight');
  await settled(p);
  const on = await frames(p);
  assert.ok(on.filter(v => v.frames === 165).every(v => v.frame === 121), 'a frame on: ' + JSON.stringify(on));

  await p.evaluate(() => { const s = document.getElementById('seek'); s.value = '1'; s.dispatchEvent(new Event('input')); });
  await settled(p);
  await p.selectOption('#speed', '2');
  const t0 = await clock(p);
  await p.click('#play');
  for (let i = 0; i < 4; i++) {
    await p.waitForTimeout(250);
    const got = await p.evaluate(rate => [...document.querySelectorAll('#players video')].filter(v => v.currentTime < v.duration - 2 / rate).map(v => v.currentTime), rate);
    assert.ok(Math.max(...got) - Math.min(...got) <= 1.001 / rate, 'at double speed: ' + got);
  }
  await p.click('#play');
  await settled(p);
  assert.ok(await clock(p) > t0);
  inStep(await frames(p), Math.floor(await clock(p) * rate + 1e-6));
  await painted(p, Math.floor(await clock(p) * rate + 1e-6));
  assert.deepEqual(p.bad, []);
  await p.context().close();
});

test('findings stand at their seconds and a click goes there', async () => {
  const p = await shows({ viewport: tall });
  await settled(p);
  const spans = await p.$$eval('#players rect.bar', all => all.map(r => ({ kind: r.dataset.kind, from: Number(r.dataset.from), to: Number(r.dataset.to), x: r.getBoundingClientRect().x - r.ownerSVGElement.getBoundingClientRect().x, w: r.getBoundingClientRect().width, all: r.ownerSVGElement.getBoundingClientRect().width })));
  assert.equal(spans.length, findings.length);
  for (const f of findings) {
    const s = spans.find(s => s.kind === f.kind);
    const from = f.onset_frame / rate, to = (f.end_frame + 1) / rate;
    assert.ok(Math.abs(s.from - from) < 1e-3 && Math.abs(s.to - to) < 1e-3, JSON.stringify(s));
    // and so they are drawn: 165 frames are the whole width
    assert.ok(Math.abs(s.x / s.all - from / (165 / rate)) < 0.01 && Math.abs(s.w / s.all - (to - from) / (165 / rate)) < 0.01, JSON.stringify(s));
  }
  await p.click('.found button:has-text("freeze")');
  await settled(p);
  inStep(await frames(p), 96);
  assert.match(await p.locator('.badge:visible').first().textContent(), /FREEZE since 6\.0 s/);
  const line = p.locator('#players svg.line').first();
  const box = await line.boundingBox();
  await p.mouse.click(box.x + box.width / 2, box.y + 5);
  await settled(p);
  inStep(await frames(p), 82);
  assert.equal(await p.locator('#maps .map line.over').count(), 4, 'diagonals of a loop of 16 in frames 0 to 79');
  await p.context().close();
});

test('only what the screen shows is loaded', async () => {
  const p = await shows({ viewport: { width: 1280, height: 500 } });
  assert.equal(await p.locator('#players video').count(), 0, 'the players are below the screen');
  await p.locator('#players figure').first().scrollIntoViewIfNeeded();
  await p.waitForFunction(() => document.querySelectorAll('#players video').length > 0);
  assert.ok(await p.locator('#players video').count() < 8, 'all are loaded');
  await p.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await p.waitForFunction(() => document.querySelectorAll('#players video').length === 0);
  await p.context().close();
});

test('the table sorts and filters, and the players follow', async () => {
  const p = await shows();
  const column = async n => p.$$eval('#table tbody tr', (rows, n) => rows.map(r => r.cells[n].textContent), n);
  await p.click('#table th[data-id=denoise] button');
  const denoise = await p.$$eval('#table thead th', all => all.findIndex(h => h.dataset.id === 'denoise'));
  const up = (await column(denoise)).map(parseFloat);
  assert.deepEqual(up, [...up].sort((a, b) => a - b));
  assert.equal(await p.getAttribute('#table th[data-id=denoise]', 'aria-sort'), 'ascending');
  await p.click('#table th[data-id=denoise] button');
  assert.deepEqual((await column(denoise)).map(parseFloat), [...up].reverse());

  assert.equal(await p.locator('#players figure').count(), 8);
  await p.click('#filters button:has-text("lvsa")');
  assert.deepEqual(new Set(await column(0)), new Set(['lvsa']));
  assert.equal(await p.locator('#players figure').count(), 4);
  await p.click('#filters button:has-text("165 frames")');
  assert.deepEqual(await column(1), ['165']);
  assert.equal(await p.locator('#players figure').count(), 2);
  await p.selectOption('#filters label:has-text("Prompt") select', { label: 'fish' });
  assert.equal(await p.locator('#players figure').count(), 1);
  assert.equal((await column(2))[0], '1', 'the row is of this prompt alone');

  // The fragment brings all of it back.
  const url = p.url();
  assert.match(url, /#.*m=lvsa.*h=165.*p=fish/);
  const q = await shows({ fragment: new URL(url).hash });
  assert.equal(await q.locator('#players figure').count(), 1);
  assert.equal(await q.getAttribute('#table th[data-id=denoise]', 'aria-sort'), 'descending');
  assert.deepEqual(q.bad, []);
  await q.context().close();

  await p.context().close();
  const r = await shows();
  await r.selectOption('#filters label:has-text("Finding") select', 'freeze');
  assert.equal(await r.locator('#players figure').count(), 1);
  assert.equal(await r.locator('#table tbody tr').count(), 1);
  await r.context().close();
});

test('a fragment that is nonsense does no harm', async () => {
  const p = await shows({ fragment: '#m=%E0%A4%A,nobody&h=7&p=%zz&t=-4&rate=9&sort=<b>&s=99&step=1e9&at=0&v=%' });
  assert.equal(await p.locator('#players figure').count(), 8);
  assert.deepEqual(p.bad, []);
  await p.context().close();
});

test('a hostile prompt is text', async () => {
  const p = await shows();
  let dialogs = 0;
  p.on('dialog', d => { dialogs++; d.dismiss(); });
  assert.match(await p.textContent('#players'), /a runner <\/script><script>alert\("no"\)<\/script> crosses <img src=x onerror=alert\(1\)>/);
  assert.equal(await p.locator('script').count(), 2);
  assert.equal(await p.locator('img[src=x]').count(), 0);
  assert.equal(await p.locator('.found b, svg title b').count(), 0);
  assert.equal(dialogs, 0);
  await p.context().close();
});

test('keys play, step and jump', async () => {
  const p = await shows({ viewport: tall });
  await settled(p);
  await p.keyboard.press(' ');
  await p.waitForFunction(() => Number(document.getElementById('seek').value) > 0.2);
  await p.keyboard.press(' ');
  assert.match(await p.textContent('#play'), /Play/);
  await p.focus('#seek');
  await p.keyboard.press('Home');
  assert.equal(await clock(p), 0);
  await p.keyboard.press('n');
  await settled(p);
  inStep(await frames(p), 16);
  await p.keyboard.press('n');
  await settled(p);
  inStep(await frames(p), 96);
  await p.context().close();
});

test('the pattern steps through denoising', async () => {
  const p = await shows();
  const pixels = () => p.$$eval('#patterns canvas', all => all.map(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].reduce((a, v, i) => (a * 31 + v * (i % 7 + 1)) % 1e9, 7)));
  const one = await pixels();
  await p.evaluate(() => { const s = document.getElementById('step'); s.value = '1'; s.dispatchEvent(new Event('input')); });
  const two = await pixels();
  assert.equal(one[0], two[0], 'dense does not change');
  assert.notEqual(one[1], two[1], 'the anchors of lvsa rotate');
  await p.context().close();
});

test('it fits a phone and names what it shows', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const p = await shows({ viewport: { width: 390, height: 844 }, colorScheme });
    assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the screen');
    const nameless = await p.evaluate(() => [...document.querySelectorAll('button, select, input, video, canvas, img, svg[role=img]')].filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.alt || e.closest('label'))).map(e => e.outerHTML.slice(0, 120)));
    assert.deepEqual(nameless, []);
    assert.deepEqual(p.bad, []);
    await p.context().close();
  }
});

test('the bundle is whole', async () => {
  const out = join(sweep.dir, 'bundle');
  longtake('report', sweep.dir, '--bundle', out);
  const html = readFileSync(join(out, 'index.html'), 'utf8');
  assert.ok(!html.includes('../cells'), 'it names the folder that it came from');
  const p = await page(browser, join(out, 'index.html'), { viewport: tall });
  await settled(p);
  assert.ok((await frames(p)).length === 8);
  assert.deepEqual(p.bad, []);
  await p.context().close();
});

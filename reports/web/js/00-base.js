// What all parts of the page share: the data, elements, words.
const data = JSON.parse(document.getElementById('data').textContent);
const main = document.getElementById('main');
const svgNS = 'http://www.w3.org/2000/svg';

// Everything that comes from the data is set as text or as a property, never as markup.
function make(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props || {})) {
    if (v === null || v === undefined) continue;
    if (k === 'class') e.className = v;
    else if (k === 'data') Object.assign(e.dataset, v);
    else if (k in e && !k.startsWith('aria') && k !== 'list') e[k] = v;
    else e.setAttribute(k, v);
  }
  for (const c of children.flat()) if (c !== null && c !== undefined && c !== '') e.append(c);
  return e;
}
function draw(tag, attrs, ...children) {
  const e = document.createElementNS(svgNS, tag);
  for (const [k, v] of Object.entries(attrs || {})) if (v !== null && v !== undefined) e.setAttribute(k, v);
  for (const c of children) e.append(c);
  return e;
}

const list = v => v || [];
for (const k of ['kinds', 'sections', 'figures', 'sheets', 'facts', 'warnings']) data[k] = list(data[k]);
for (const s of data.sections) for (const k of ['headline', 'methods', 'horizons', 'prompts', 'videos', 'columns', 'rows', 'notes', 'remarks', 'masks', 'patterns']) s[k] = list(s[k]);
const several = (n, word) => n + ' ' + word + (n === 1 ? '' : 's');
const seconds = t => t.toFixed(t < 100 ? 1 : 0) + ' s';
const digits = v => v === 0 ? '0' : Math.abs(v) >= 100 ? v.toFixed(0) : String(Number(v.toPrecision(3)));
const kindOf = k => data.kinds[k] || { name: 'finding', family: 'looks' };
const rank = { stops: 0, repeats: 1, jumps: 2, looks: 3 };

// A method has the same colour everywhere; beyond eight, the square stands for the second turn.
const hue = m => 'm' + (m.color % 8) + (m.color >= 8 ? ' second' : '');
const chip = m => make('span', { class: 'chip c' + (m.color % 8) + (m.color >= 8 ? ' second' : ''), 'aria-hidden': 'true' });
function familyKey(family) {
  const s = draw('svg', { class: 'key', 'aria-hidden': 'true' });
  s.append(draw('rect', { width: '100%', height: '100%', class: family }));
  return s;
}

// Times of a video. Without a rate, frames are all there is until the file is open.
const rateOf = v => v.fps || v.seen || 16;
const lengthOf = v => (v.n || 0) / rateOf(v);
const startOf = (v, f) => f.a / rateOf(v);
const endOf = (v, f) => Math.min(lengthOf(v), (f.b + 1) / rateOf(v));
const wide = matchMedia('(min-width: 641px)');

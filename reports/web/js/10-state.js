// What is looked at, kept in the URL's fragment so that a link shows the same.
const state = { s: 0, at: 0, methods: null, horizons: null, prompt: -1, find: '', rate: 1, t: 0, sort: '', px: 'denoise', py: '', step: 0, pick: '' };
let section = data.sections[0];
let usualQuality = ''; // what the plane shows where nothing else is chosen
const changed = []; // called when the filters change
const moved = []; // called with the time when it changes

function useSection(i) {
  state.s = i;
  section = data.sections[i];
  let best = section.horizons.length - 1;
  while (best > 0 && !section.videos.some(v => v.h === best && v.ok)) best--;
  state.at = best;
  state.methods = state.horizons = null;
  state.prompt = -1;
  state.find = '';
  state.pick = '';
}

const methodShown = m => !state.methods || state.methods.has(m);
const horizonShown = h => !state.horizons || state.horizons.has(h);
function foundShown(v) {
  if (!state.find) return true;
  const found = list(v.found);
  if (state.find === 'any') return found.length > 0;
  if (state.find === 'none') return v.ok && found.length === 0;
  return found.some(f => kindOf(f.k).name === state.find);
}
const videoShown = v => methodShown(v.m) && horizonShown(v.h) && (state.prompt < 0 || v.p === state.prompt) && foundShown(v);

const names = {
  methods: { of: () => section.methods.map(m => m.title) },
  horizons: { of: () => section.horizons.map(h => String(h.frames)) },
};
const encode = (set, of) => [...set].sort((a, b) => a - b).map(i => encodeURIComponent(of[i])).join(',');
function decode(text, of) {
  const out = new Set(text.split(',').map(s => of.indexOf(decodeURIComponent(s))).filter(i => i >= 0));
  return out.size ? out : null;
}

let last = '';
function remember() {
  const p = [];
  if (state.s) p.push('s=' + (state.s + 1));
  if (state.t > 0) p.push('t=' + state.t.toFixed(3).replace(/\.?0+$/, ''));
  if (state.rate !== 1) p.push('rate=' + state.rate);
  for (const [key, short] of [['methods', 'm'], ['horizons', 'h']]) if (state[key]) p.push(short + '=' + encode(state[key], names[key].of()));
  if (state.prompt >= 0) p.push('p=' + encodeURIComponent(section.prompts[state.prompt].tag));
  if (state.find) p.push('f=' + encodeURIComponent(state.find));
  if (section.horizons[state.at] && state.at !== section.horizons.length - 1) p.push('at=' + section.horizons[state.at].frames);
  if (state.sort) p.push('sort=' + state.sort);
  if (state.px !== 'denoise') p.push('x=' + state.px);
  if (state.py && state.py !== usualQuality) p.push('y=' + state.py);
  if (state.step) p.push('step=' + state.step);
  if (state.pick) p.push('v=' + encodeURIComponent(state.pick));
  const hash = p.length ? '#' + p.join('&') : '';
  if (hash === last) return;
  last = hash;
  history.replaceState(null, '', hash || location.pathname + location.search);
}

function recall() {
  const q = new Map();
  for (const part of location.hash.slice(1).split('&')) {
    const i = part.indexOf('=');
    if (i > 0) q.set(part.slice(0, i), part.slice(i + 1));
  }
  const text = k => { try { return decodeURIComponent(q.get(k) || ''); } catch { return ''; } };
  const number = (k, or) => Number.isFinite(parseFloat(q.get(k))) ? parseFloat(q.get(k)) : or;
  useSection(Math.max(0, Math.min(data.sections.length - 1, number('s', 1) - 1)));
  try {
    if (q.has('m')) state.methods = decode(q.get('m'), names.methods.of());
    if (q.has('h')) state.horizons = decode(q.get('h'), names.horizons.of());
  } catch { /* a fragment that is no encoding filters nothing */ }
  if (q.has('p')) state.prompt = section.prompts.findIndex(p => p.tag === text('p'));
  state.find = text('f');
  const at = section.horizons.findIndex(h => String(h.frames) === q.get('at'));
  if (at >= 0) state.at = at;
  state.t = Math.max(0, number('t', 0));
  state.rate = [0.25, 0.5, 1, 2, 4].includes(number('rate', 1)) ? number('rate', 1) : 1;
  state.sort = /^-?[a-z]+$/.test(q.get('sort') || '') ? q.get('sort') : '';
  state.px = text('x') || 'denoise';
  state.py = text('y');
  state.step = Math.max(0, Math.round(number('step', 0)));
  state.pick = text('v');
  last = location.hash;
}

function update() {
  for (const f of changed) f();
  remember();
}

// The table's row of a method and horizon: of the chosen prompt where there is one.
function rowOf(m, h) {
  const rows = section.rows.filter(r => r.m === m && r.h === h);
  return rows.find(r => r.p === state.prompt) || rows.find(r => r.p < 0);
}
const promptRows = () => section.rows.some(r => r.p >= 0);
const columnOf = id => section.columns.findIndex(c => c.id === id);
const cellOf = (r, id) => r && r.c[columnOf(id)];

// The answer: each method at one length, what failed and when, and what it cost.
function verdict() {
  const box = make('section', { id: 'verdict', 'aria-labelledby': 'verdict-title' });
  const title = make('h2', { id: 'verdict-title' });
  const tabs = make('div', { class: 'row' }, make('span', { class: 'lab' }, 'at a length of'));
  section.horizons.forEach((h, i) => {
    const b = make('button', { type: 'button', onclick: () => { state.at = i; update(); } }, lengthName(i));
    changed.push(() => b.setAttribute('aria-pressed', String(state.at === i)));
    tabs.append(b);
  });
  const body = make('tbody');
  const axis = make('th', { class: 'l when' });
  const head = make('tr', {}, make('th', { class: 'l' }, 'Method'), make('th', { class: 'l' }, 'Froze or looped?'), axis,
    make('th', { class: 'l' }, 'Other findings'), make('th', { title: help('motion') }, 'Motion kept'), make('th', { class: 'l', title: help('wall') }, 'Time per video'), make('th', { title: help('speedup') }, 'Speed-up'));
  const table = make('table', {}, make('thead', {}, head), body);
  const small = make('p', { class: 'quiet' });
  box.append(title, tabs, make('div', { class: 'scroll' }, table), legend(), small);
  changed.push(() => {
    const h = state.at;
    const videos = section.videos.filter(v => v.h === h && methodShown(v.m) && (state.prompt < 0 || v.p === state.prompt));
    const far = Math.max(0.1, ...videos.map(lengthOf));
    title.textContent = 'Which method held, and at what cost';
    axis.textContent = 'When (0 to ' + seconds(far) + ', one line a video)';
    const rows = section.methods.map((m, i) => ({ m, i, row: rowOf(i, h), videos: videos.filter(v => v.m === i) })).filter(x => x.videos.length > 0);
    const cost = r => cellOf(r, 'wall')?.v ?? cellOf(r, 'denoise')?.v;
    const most = Math.max(1e-9, ...rows.map(x => cost(x.row) || 0));
    body.replaceChildren(...rows.map(x => verdictRow(x, far, most, cost(x.row))));
    const n = new Set(rows.map(x => x.videos.filter(v => v.ok).length));
    const few = Math.min(...n) < 5;
    small.textContent = (n.size === 1 ? several([...n][0], 'video') + ' a method' : 'Methods have different numbers of videos') +
      (few ? ': too few to tell methods apart by counts alone' : '') + '. Brackets hold 95 % intervals; ~ is no significant difference. Motion kept: 1 is dense at its training length.';
  });
  return box;
}

const help = id => section.columns[columnOf(id)]?.help || '';

function lengthName(h) {
  const x = section.horizons[h];
  const v = section.videos.find(v => v.h === h && v.fps);
  return x.frames + ' frames' + (v ? ', ' + seconds(lengthOf(v)) : '') + (x.ratio ? ', ' + digits(x.ratio) + '×' : '');
}

function verdictRow(x, far, most, cost) {
  const scored = x.videos.filter(v => v.ok), n = scored.length;
  const having = name => scored.filter(v => list(v.found).some(f => kindOf(f.k).name === name));
  const froze = having('freeze'), looped = having('loop');
  const first = (videos, name) => Math.min(...videos.map(v => Math.min(...v.found.filter(f => kindOf(f.k).name === name).map(f => startOf(v, f)))));
  const say = make('td', { class: 'say', data: { h: 'Froze or looped?' } });
  if (!n) say.append(make('span', { class: 'quiet' }, x.videos[0].why || 'not scored'));
  else if (!froze.length && !looped.length) say.append(make('span', { class: 'clean' }, '✓ no'), make('span', { class: 'quiet' }, ' (' + several(n, 'video') + ')'));
  if (froze.length) say.append(make('div', { class: 't-stops' }, '■ froze in ' + froze.length + ' of ' + n + ', from ' + seconds(first(froze, 'freeze'))));
  if (looped.length) say.append(make('div', { class: 't-repeats' }, '↻ looped in ' + looped.length + ' of ' + n + ', from ' + seconds(first(looped, 'loop'))));
  const others = new Map();
  for (const v of scored) for (const k of new Set(list(v.found).map(f => f.k))) if (!['freeze', 'loop'].includes(kindOf(k).name)) others.set(k, (others.get(k) || 0) + 1);
  const also = [...others].sort((a, b) => a[0] - b[0]).map(([k, c]) => kindOf(k).name + ' in ' + c).join(', ');
  const motion = cellOf(x.row, 'motion'), speed = cellOf(x.row, 'speedup');
  const bar = make('div', { class: 'bar ' + hue(x.m) });
  if (cost) bar.style.width = (100 * cost / most).toFixed(1) + '%';
  const wall = cellOf(x.row, 'wall')?.v !== undefined ? cellOf(x.row, 'wall') : cellOf(x.row, 'denoise');
  return make('tr', { class: hue(x.m) },
    make('th', { scope: 'row', class: 'name' }, chip(x.m), x.m.title),
    say, make('td', { class: 'when' }, strip(scored, far, x.m.title)),
    make('td', { class: 'also', data: { h: 'Other findings' } }, also || (n ? 'none' : '-')),
    make('td', { data: { h: 'Motion kept' } }, number(motion)),
    make('td', { class: 'time', data: { h: 'Time per video' } }, cost ? bar : null, number(wall), cost ? ' s' : ''),
    make('td', { data: { h: 'Speed-up' } }, number(speed)));
}

// A number with its interval in quiet, and its footnotes.
function number(c) {
  if (!c) return make('span', {}, '-');
  const i = c.t.indexOf(' [');
  const box = make('span', {});
  if (i < 0) box.append(c.t);
  else {
    const end = c.t.indexOf(']', i) + 1;
    box.append(c.t.slice(0, i) + c.t.slice(end), make('span', { class: 'ci' }, c.t.slice(i, end)));
  }
  for (const f of list(c.fn)) box.append(make('sup', {}, make('a', { href: '#note' + f, 'aria-label': 'footnote ' + letters(f) + ': ' + section.notes[f], title: section.notes[f], onclick: e => { e.preventDefault(); showNote(f); } }, letters(f))));
  return box;
}
function letters(i) {
  let s = '';
  for (i++; i > 0; i = Math.floor((i - 1) / 26)) s = String.fromCharCode(97 + (i - 1) % 26) + s;
  return s;
}

// One line a video: where in it something was found. Many videos are one block,
// the earliest finding on top.
const mostLanes = 48;
function strip(videos, far, name) {
  const packed = videos.length > 8;
  const first = v => Math.min(Infinity, ...list(v.found).map(f => startOf(v, f) + 1e6 * rank[kindOf(f.k).family]));
  const shown = (packed ? [...videos].sort((a, b) => first(a) - first(b)) : videos).slice(0, mostLanes);
  const most = packed ? 48 / shown.length : shown.length > 4 ? 5 : 8, gap = packed ? 0 : 2;
  const high = Math.max(12, shown.length * (most + gap));
  const s = draw('svg', { height: high, role: 'img' });
  const told = [];
  if (videos.length > shown.length) told.push('the first ' + shown.length + ' of ' + videos.length + ' videos');
  shown.forEach((v, i) => {
    const y = i * (most + gap) + gap / 2;
    if (!packed || i === shown.length - 1) s.append(draw('rect', { x: 0, y: packed ? high - 1 : y + most / 2 - .5, width: 100 * lengthOf(v) / far + '%', height: 1, class: 'track' }));
    for (const f of [...list(v.found)].sort((a, b) => rank[kindOf(b.k).family] - rank[kindOf(a.k).family])) {
      const from = startOf(v, f), to = endOf(v, f), k = kindOf(f.k);
      const r = draw('rect', { x: 100 * from / far + '%', y, width: Math.max(0.6, 100 * (to - from) / far) + '%', height: most + (packed ? 0.3 : 0), class: k.family });
      r.append(draw('title', {}, k.name + ' ' + from.toFixed(1) + ' to ' + to.toFixed(1) + ' s, ' + section.prompts[v.p].tag + ', seed ' + v.seed));
      s.append(r);
      if (told.length < 6) told.push(k.name + ' from ' + from.toFixed(1) + ' to ' + to.toFixed(1) + ' s');
    }
  });
  s.setAttribute('aria-label', name + ': ' + (told.join('; ') || 'nothing found'));
  return s;
}

function legend() {
  const seen = new Map();
  for (const k of data.kinds) seen.set(k.family, [...(seen.get(k.family) || []), k.name]);
  const box = make('div', { class: 'legend' });
  for (const f of Object.keys(rank)) if (seen.has(f)) box.append(make('span', {}, familyKey(f), seen.get(f).join(', ')));
  return seen.size ? box : make('p', { class: 'quiet' }, 'Nothing was found in any video.');
}

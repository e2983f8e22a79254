// The players: methods across, lengths down, one row a prompt and seed. All of
// them show the same second; only those on the screen are loaded.
const players = []; // of the videos that pass the filters
let watcher = null;
const near = new Set(); // players on the screen
const frameOf = (v, t) => Math.max(0, Math.min((v.n || 1) - 1, Math.floor(t * rateOf(v) + 1e-6)));
const middle = (v, f) => (f + 0.5) / rateOf(v); // rounding in a player cannot reach the neighbours
const tilesAtOnce = 120;

function playerGrid() {
  const box = make('section', { id: 'players', 'aria-labelledby': 'players-title' });
  const grid = make('div', { class: 'bands' });
  let pages = 1;
  box.append(make('h2', { id: 'players-title' }, 'The videos, in step'),
    make('p', { class: 'quiet' }, 'Under each video: its motion energy, the findings as bars, the playhead. A click there takes every player to that second. ',
      make('kbd', {}, 'space'), ' plays, ', make('kbd', {}, '←'), ' ', make('kbd', {}, '→'), ' step a frame (with shift ten), ', make('kbd', {}, 'n'), ' goes to the next finding.'),
    transport(), grid);
  changed.push(() => fill());
  wide.addEventListener('change', () => fill());

  function fill() {
    watcher?.disconnect();
    for (const p of players) p.leave();
    players.length = 0;
    near.clear();
    watcher = new IntersectionObserver(seen, { rootMargin: '120px' });
    grid.replaceChildren();
    const withRows = section.horizons.map((_, h) => h).filter(horizonShown).reverse();
    let tiles = 0, more = 0;
    const limit = pages * tilesAtOnce;
    for (const h of withRows) {
      const videos = section.videos.filter(v => v.h === h && (v.src || v.why) && videoShown(v));
      if (!videos.some(v => v.src)) continue;
      const columns = section.methods.map((_, m) => m).filter(m => videos.some(v => v.m === m));
      const far = Math.max(0.1, ...section.videos.filter(v => v.h === h).map(lengthOf));
      const keys = new Map();
      for (const v of videos) {
        const key = v.p + ' ' + v.seed;
        if (!keys.has(key)) keys.set(key, []);
        keys.get(key).push(v);
      }
      const area = make('div', { class: 'grid' + (columns.length > 6 ? ' many' : ''), role: 'group', 'aria-label': lengthName(h) });
      const many = columns.length, shape = Math.max(...videos.map(v => v.w && v.ht ? v.w / v.ht : 16 / 9));
      const most = Math.round(Math.min(380, Math.max(170, 0.36 * innerHeight)) * shape); // two rows fit on a screen
      area.style.gridTemplateColumns = wide.matches ? 'repeat(' + many + ', minmax(' + (many > 6 ? 124 : 150) + 'px, ' + most + 'px' + '))' : 'repeat(2, minmax(0, 1fr))';
      for (const row of keys.values()) {
        if (!row.some(v => v.src)) continue;
        if (tiles >= limit) { more++; continue; }
        tiles += columns.length;
        const p = section.prompts[row[0].p];
        const label = make('h3', {}, p.tag + ', seed ' + row[0].seed, p.text && p.text !== p.tag ? make('span', { class: 'quiet' }, ' “' + p.text + '”') : null);
        label.style.gridColumn = '1 / -1';
        area.append(label);
        const top = Math.max(1e-6, ...section.videos.filter(v => v.p === row[0].p).flatMap(v => list(v.e)));
        for (const m of columns) {
          const all = row.filter(v => v.m === m);
          if (!all.length) { if (wide.matches) area.append(make('div')); continue; }
          for (const v of all.slice(0, 1)) {
            const p = player(v, far, top);
            players.push(p);
            area.append(p.element);
            watcher.observe(p.element);
          }
        }
      }
      if (area.childElementCount) grid.append(make('h3', { class: 'length' }, lengthName(h) + (section.horizons[h].ratio ? ' the training length' : '')), area);
    }
    if (more) grid.append(make('p', {}, make('button', { type: 'button', onclick: () => { pages++; fill(); } }, 'Show more rows'), ' ' + several(more, 'row') + ' more, or use the filters'));
    if (!players.length) grid.append(make('p', {}, 'No video passes the filters, or none is recorded.'));
    clock.measure();
  }
  function seen(entries) {
    for (const e of entries) {
      const p = e.target.player;
      if (e.isIntersecting) { near.add(p); p.enter(); } else { near.delete(p); p.leave(); }
    }
  }
  return box;
}

function player(v, far, top) {
  const m = section.methods[v.m];
  const screen = make('div', { class: 'screen' });
  screen.style.aspectRatio = v.w && v.ht ? v.w + ' / ' + v.ht : '16 / 9';
  const cost = v.wall ?? v.den;
  const found = [...list(v.found)].sort((a, b) => rank[kindOf(a.k).family] - rank[kindOf(b.k).family] || a.a - b.a);
  const badge = make('div', { class: 'badge' });
  const over = make('div', { class: 'ended', hidden: true });
  const element = make('figure', { class: 'player ' + hue(m), data: { id: v.id } },
    make('figcaption', {}, make('b', {}, chip(m), m.title), cost ? make('span', { title: v.wall ? 'seconds to make it' : 'seconds to denoise it' }, digits(cost) + ' s to make') : null),
    screen);
  const p = { v, element, video: null, broken: false, length: lengthOf(v), enter, leave, show, dur: () => p.length };
  element.player = p;
  if (!v.src) screen.append(make('div', { class: 'nothing' }, v.why || 'no video'));
  screen.append(badge, over);
  let line = null;
  const row = make('div', { class: 'found' });
  element.append(row);
  const words = f => kindOf(f.k).name + (f.period ? ', period ' + (f.period / rateOf(v)).toFixed(2) + ' s' : '');
  const button = f => make('button', { type: 'button', title: f.t, data: { frame: f.a }, onclick: () => { clock.pause(); clock.seek(middle(v, f.a)); } },
    familyKey(kindOf(f.k).family), make('span', { class: 't-' + kindOf(f.k).family }, words(f)), ' ' + startOf(v, f).toFixed(1) + '–' + endOf(v, f).toFixed(1) + ' s');
  for (const f of found.slice(0, 2)) row.append(button(f));
  if (found.length > 2) {
    const more = make('button', { type: 'button', onclick: () => more.replaceWith(...found.slice(2).map(button)) }, '+' + (found.length - 2));
    more.setAttribute('aria-label', several(found.length - 2, 'more finding'));
    row.append(more);
  }
  if (!found.length) row.append(v.ok ? make('span', { class: 'clean' }, '✓ nothing found') : make('span', { class: 'quiet' }, 'not scored'));

  function enter() {
    if (!line) {
      line = timeline(v, far, top, m.title);
      screen.after(line.element);
    }
    show(clock.t);
    if (!v.src || p.video) return;
    const video = make('video', { muted: true, playsInline: true, preload: 'auto', disablePictureInPicture: true });
    video.setAttribute('aria-label', m.title + ', ' + section.prompts[v.p].tag + ', ' + (v.n || '') + ' frames');
    video.addEventListener('loadedmetadata', () => {
      if (!v.fps && v.n && video.duration) { v.seen = v.n / video.duration; p.length = lengthOf(v); clock.measure(); }
      video.playbackRate = state.rate;
      video.currentTime = target(clock.t);
    });
    video.addEventListener('error', () => {
      p.broken = true;
      screen.prepend(make('div', { class: 'nothing', role: 'status' }, 'This browser cannot play the file, or it is no longer at ' + decodeURI(v.src)));
      video.remove();
    });
    video.src = v.src;
    screen.prepend(video);
    p.video = video;
    p.broken = false;
  }
  function leave() {
    if (!p.video) return;
    p.video.pause();
    p.video.removeAttribute('src');
    p.video.load();
    p.video.remove();
    p.video = null;
  }
  // The middle of the frame that is shown at a second; the last one after the end.
  function target(t) { return middle(v, frameOf(v, Math.min(t, p.length))); }
  p.target = target;
  p.over = t => t >= p.length - 0.5 / rateOf(v);
  function show(t) {
    line?.move(t);
    const now = found.filter(f => t >= startOf(v, f) - 1e-6 && t < endOf(v, f) + 1e-6);
    const f = now[0];
    const text = f ? kindOf(f.k).name.toUpperCase() + ' since ' + startOf(v, f).toFixed(1) + ' s' : '';
    if (badge.textContent !== text) {
      badge.textContent = text;
      badge.className = 'badge' + (f ? ' b-' + kindOf(f.k).family : '');
    }
    const ended = t > p.length + 1e-3;
    if (ended === over.hidden) {
      over.hidden = !ended;
      over.textContent = 'ended at ' + seconds(p.length);
    }
  }
  return p;
}

// The motion line with the findings behind it and as bars below it.
function timeline(v, far, top, name) {
  const kinds = [...new Set(list(v.found).map(f => f.k))].sort((a, b) => rank[kindOf(a).family] - rank[kindOf(b).family] || a - b);
  const high = 30, lane = 8, tall = high + 4 + Math.max(1, kinds.length) * lane;
  const element = draw('svg', { class: 'line', role: 'img' });
  element.style.height = tall + 'px';
  const at = t => 100 * Math.max(0, Math.min(1, t / far)) + '%';
  const span = (f, y, h, cls) => {
    const r = draw('rect', { x: at(startOf(v, f)), y, width: Math.max(0.5, 100 * (endOf(v, f) - startOf(v, f)) / far) + '%', height: h, class: cls, 'data-kind': kindOf(f.k).name, 'data-from': startOf(v, f).toFixed(3), 'data-to': endOf(v, f).toFixed(3) });
    r.append(draw('title', {}, f.t));
    return r;
  };
  for (const f of list(v.found)) element.append(span(f, 0, high, 'shade ' + kindOf(f.k).family));
  element.append(draw('line', { x1: 0, x2: at(lengthOf(v)), y1: high, y2: high, class: 'axis' }));
  const e = list(v.e);
  if (e.length) {
    let d = '', pen = 'M';
    e.forEach((y, i) => {
      if (y < 0) { pen = 'M'; return; }
      d += pen + ((i + 0.5) * v.es / rateOf(v) / far * 1000).toFixed(1) + ' ' + (98 - 94 * y / top).toFixed(1);
      pen = 'L';
    });
    element.append(draw('svg', { x: 0, y: 0, width: '100%', height: high, viewBox: '0 0 1000 100', preserveAspectRatio: 'none' }, draw('path', { d, class: 'energy' })));
  }
  kinds.forEach((k, i) => { for (const f of v.found) if (f.k === k) element.append(span(f, high + 3 + i * lane, lane - 2, 'bar ' + kindOf(k).family)); });
  const head = draw('line', { y1: 0, y2: tall, class: 'playhead' });
  element.append(head);
  element.setAttribute('aria-label', 'Motion of ' + name + ' over time. ' + (list(v.found).map(f => kindOf(f.k).name + ' from ' + startOf(v, f).toFixed(1) + ' to ' + endOf(v, f).toFixed(1) + ' seconds').join('; ') || 'Nothing found.'));
  const go = ev => {
    const b = element.getBoundingClientRect();
    clock.pause();
    clock.seek(Math.max(0, Math.min(far, (ev.clientX - b.left) / b.width * far)));
  };
  element.addEventListener('pointerdown', ev => { element.setPointerCapture(ev.pointerId); go(ev); });
  element.addEventListener('pointermove', ev => { if (element.hasPointerCapture(ev.pointerId)) go(ev); });
  const move = t => { const x = at(Math.min(t, lengthOf(v))); head.setAttribute('x1', x); head.setAttribute('x2', x); };
  return { element, move };
}

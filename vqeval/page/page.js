'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const detail = document.getElementById('detail');
  const table = document.getElementById('table');
  const svgNS = 'http://www.w3.org/2000/svg';

  // Everything that comes from outside is set as text or as a property, never as markup.
  function make(tag, props, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(props || {})) {
      if (k === 'class') e.className = v;
      else if (k in e && !k.startsWith('aria')) e[k] = v;
      else e.setAttribute(k, v);
    }
    for (const c of children) if (c !== null && c !== undefined) e.append(c);
    return e;
  }
  function draw(tag, attrs, text) {
    const e = document.createElementNS(svgNS, tag);
    for (const [k, v] of Object.entries(attrs || {})) e.setAttribute(k, v);
    if (text !== undefined) e.textContent = text;
    return e;
  }
  const hue = kind => data.hues[kind] || 7;
  const fixed = (v, n) => v === null || v === undefined ? '–' : v.toFixed(n);
  const words = name => name.replaceAll('_', ' ');

  function chip(kind) {
    const s = draw('svg', { viewBox: '0 0 1 1' });
    s.append(draw('rect', { width: 1, height: 1, class: 'k' + hue(kind) }));
    return make('span', { class: 'chip', 'aria-hidden': 'true' }, s);
  }

  // A value of the report in words; objects become "name value" pairs.
  function say(v) {
    if (v === null || v === undefined) return 'none';
    if (typeof v === 'boolean') return v ? 'yes' : 'no';
    if (typeof v === 'number') return String(Math.round(v * 1e4) / 1e4);
    if (Array.isArray(v)) return v.length ? v.map(say).join(', ') : 'none';
    if (typeof v === 'object') return Object.entries(v).map(([k, x]) => words(k) + ' ' + say(x)).join('; ');
    return String(v);
  }

  let close = () => {};

  function show(video) {
    close();
    detail.replaceChildren();
    detail.hidden = false;
    if (table) detail.append(make('h2', {}, video.label));
    if (!video.report) {
      detail.append(make('p', { class: 'error' }, 'Not scored: ' + video.error));
      return;
    }
    const r = video.report, m = r.video_meta, view = video.view;
    detail.append(make('p', { class: 'quiet' }, m.width + 'x' + m.height + ', ' + m.total_frames + ' frames, ' +
      say(m.fps) + ' a second, ' + say(m.duration) + ' s, ' + m.codec + ' · ' +
      (table ? r.scorer.name + ' ' + r.scorer.version + ', profile ' + r.scorer.profile + ' · ' : '') + video.path));

    const player = make('video', { controls: true, muted: true, playsInline: true, preload: 'auto', loop: false });
    player.setAttribute('aria-label', video.label);
    const trouble = make('p', { class: 'warn', role: 'status', hidden: true });
    player.addEventListener('error', () => {
      trouble.hidden = false;
      trouble.textContent = 'This browser cannot play the file (' + m.codec + '), or it is no longer where it was: ' + video.path;
    });
    player.src = video.source;

    // The middle of a frame's time: rounding in a player cannot reach its neighbours.
    const rate = m.fps > 0 ? m.fps : 16;
    const times = view.times;
    const start = f => times ? times[f] : f / rate;
    const count = m.total_frames;
    const middle = f => times ? (start(f) + (f + 1 < count ? start(f + 1) : start(f) + 1 / rate)) / 2 : (f + 0.5) / rate;
    function frameAt(t) {
      if (!times) return Math.max(0, Math.min(count - 1, Math.floor(t * rate + 1e-6)));
      let lo = 0, hi = count - 1;
      while (lo < hi) {
        const mid = (lo + hi + 1) >> 1;
        if (start(mid) <= t + 1e-6) lo = mid; else hi = mid - 1;
      }
      return lo;
    }
    // Positions of the curves are on an even time grid.
    const grid = t => t * (view.fps > 0 ? view.fps : rate);
    const where = make('output', {});
    let at = 0;
    function seek(f) {
      at = Math.max(0, Math.min(count - 1, f));
      player.pause();
      player.currentTime = middle(at);
      moved(middle(at));
    }

    const line = timeline(video, {
      now: () => at, count, seek, grid, middle, toggle,
      text: f => 'frame ' + f + ' of ' + count + ', ' + start(f).toFixed(2) + ' s',
      frameOf: g => frameAt(g / (view.fps > 0 ? view.fps : rate)),
    });
    function moved(t) {
      at = frameAt(t);
      where.textContent = 'frame ' + at + ' of ' + count + ' (' + start(at).toFixed(2) + ' s)';
      line.move(grid(t));
    }
    let alive = true;
    function tick() {
      if (!alive) return;
      if (!player.paused) moved(player.currentTime);
      requestAnimationFrame(tick);
    }
    requestAnimationFrame(tick);
    player.addEventListener('seeked', () => moved(player.currentTime));
    player.addEventListener('pause', () => moved(player.currentTime));
    function toggle() { if (player.paused) player.play().catch(() => {}); else player.pause(); }

    const step = (text, label, n) => make('button', { type: 'button', 'aria-label': label, onclick: () => seek(at + n) }, text);
    const strip = make('div', { class: 'strip' });
    for (const p of view.pictures || []) {
      strip.append(make('button', { type: 'button', 'aria-label': 'go to frame ' + p.frame, onclick: () => seek(p.frame) },
        make('img', { src: p.image, alt: '' }), String(p.frame)));
    }
    const left = make('div', {}, player, trouble,
      make('div', { class: 'controls' }, step('◀', 'one frame back', -1), step('▶', 'one frame on', 1), where),
      line.element, strip,
      view.pictures_error ? make('p', { class: 'warn' }, 'No pictures: ' + view.pictures_error) : null,
      make('p', { class: 'quiet' }, 'Motion energy in grey levels above, findings below it. Arrow keys on the timeline go from frame to frame, with shift by ten; space plays.'));

    const list = make('ol', { class: 'findings' });
    for (const f of r.findings || []) {
      list.append(make('li', {},
        make('button', { type: 'button', 'data-frame': f.onset_frame, onclick: () => seek(f.onset_frame) },
          chip(f.kind), make('strong', {}, words(f.kind)), ': ' + f.text),
        make('button', { type: 'button', 'aria-label': 'last frame of ' + words(f.kind), onclick: () => seek(f.end_frame) }, 'end ' + f.end_frame)));
    }
    const right = make('div', {}, make('h3', {}, 'Findings'), list.children.length ? list : make('p', {}, 'No finding.'));
    const dims = Object.entries(r.dimensions || {});
    const composite = r.composite_score !== null && r.composite_score !== undefined;
    if (composite || dims.length) right.append(make('h3', {}, 'Scores'));
    if (composite) {
      right.append(make('p', {}, 'Composite ', make('strong', {}, fixed(r.composite_score, 1)), ' of 100' +
        (r.composite_verdict ? ', ' + r.composite_verdict : '') + (r.composite_over && r.composite_over.length ? '; over ' + r.composite_over.map(words).join(', ') : '')));
    }
    if (dims.length) {
      right.append(rowsTable('Dimensions', ['dimension', 'score, 0-100', ''], dims.map(([k, d]) => [words(k), fixed(d.score, 1), d.verdict])));
    }
    right.append(make('h3', {}, 'Facts'), pairs(Object.entries(r.facts).map(([k, v]) => [k === 'motion_plateau' ? 'motion plateau, grey levels' : k === 'periodic_motion' ? 'periodic motion, frames' : words(k), v === null && k in r.not_assessed ? 'not assessed' : say(v)])));
    if (video.meta && video.meta.length) right.append(make('h3', {}, 'From the table'), pairs(video.meta.map(f => [f.name, f.value])));
    detail.append(make('div', { class: 'cols' }, left, right));

    detail.append(make('h3', {}, 'Failures'), failures(r));
    const pics = make('div', { class: 'half' }, similarity(view), variogram(view));
    detail.append(pics);
    if (r.windows && r.windows.length) {
      detail.append(make('h3', {}, 'Over time'), make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Scores over time' },
        rowsTable('', ['frames', 'score, 0-100', 'motion, grey levels'], r.windows.map(w => [w.onset_frame + '-' + w.end_frame, fixed(w.score, 1), fixed(w.motion, 2)]))));
    }
    detail.append(make('h3', {}, 'Not assessed'), pairs(Object.entries(r.not_assessed).sort().map(([k, v]) => [words(k), v])));

    const redraw = new ResizeObserver(() => { line.size(); moved(player.currentTime || 0); });
    redraw.observe(line.element);
    close = () => {
      alive = false;
      redraw.disconnect();
      player.pause();
      player.removeAttribute('src');
      player.load();
    };
    moved(0);
  }

  function pairs(list) {
    const dl = make('dl', {});
    for (const [k, v] of list) dl.append(make('dt', {}, k), make('dd', {}, v));
    return dl;
  }

  function rowsTable(caption, head, rows) {
    const t = make('table', caption ? { 'aria-label': caption } : {});
    const tr = make('tr', {});
    for (const h of head) tr.append(make('th', { scope: 'col' }, h));
    t.append(make('thead', {}, tr));
    const body = make('tbody', {});
    for (const row of rows) {
      const line = make('tr', {});
      row.forEach((c, i) => line.append(i === 0 ? make('th', { scope: 'row' }, c) : c instanceof Node ? c : make('td', {}, c)));
      body.append(line);
    }
    t.append(body);
    return t;
  }

  function failures(r) {
    const common = ['severity', 'confidence', 'share', 'onset_frame', 'end_frame'];
    const known = data.kinds.filter(k => k in r.failures);
    const rows = known.map(k => {
      const f = r.failures[k], found = f.severity >= 0.5;
      const extra = Object.entries(f).filter(([n]) => !common.includes(n)).map(([n, v]) => words(n) + ' ' + say(v)).join('; ');
      const severity = make('td', { class: found ? 'found' : '' }, fixed(f.severity, 2));
      const text = make('td', { class: 'text' }, extra);
      return [make('span', {}, chip(k), words(k)), severity, fixed(f.confidence, 2), found ? (100 * f.share).toFixed(1) + ' %' : '–',
        found ? String(f.onset_frame) : '–', found ? String(f.end_frame) : '–', text];
    });
    return make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Failures' },
      rowsTable('', ['failure', 'severity', 'confidence', 'share of frames', 'first frame', 'last frame', ''], rows));
  }

  // The timeline is drawn at the width it has, so that its text keeps its size.
  function timeline(video, o) {
    const view = video.view, r = video.report;
    const element = draw('svg', { class: 'timeline', tabindex: '0', role: 'slider', 'aria-label': 'frame', 'aria-valuemin': '0', 'aria-valuemax': String(o.count - 1) });
    const kinds = [...new Set((view.spans || []).map(s => s.kind))];
    const high = 84, lane = 24, height = high + 16 + kinds.length * lane;
    const last = Math.max(1, view.frames);
    let width = 600, head = null;
    const x = g => Math.max(0, Math.min(width, g / last * width));

    function size() {
      const w = Math.round(element.getBoundingClientRect().width);
      if (w > 0) width = w;
      element.replaceChildren();
      element.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
      element.setAttribute('height', String(height));
      for (const s of view.spans || []) {
        element.append(draw('rect', { x: x(s.onset_frame), y: 0, width: Math.max(2, x(s.end_frame + 1) - x(s.onset_frame)), height: high, class: 'shade k' + hue(s.kind) }));
      }
      element.append(draw('line', { x1: 0, x2: width, y1: high, y2: high, class: 'axis' }));
      for (const c of r.facts.cuts || []) element.append(draw('line', { x1: x(c), x2: x(c), y1: 0, y2: high, class: 'cut' }));
      const top = Math.max(1e-6, ...view.energy.filter(v => v !== null));
      let path = '', pen = 'M';
      view.energy.forEach((v, i) => {
        if (v === null) { pen = 'M'; return; }
        path += pen + x((i + 0.5) * view.energy_step).toFixed(1) + ' ' + (high - 3 - v / top * (high - 16)).toFixed(1);
        pen = 'L';
      });
      element.append(draw('path', { d: path, class: 'energy' }));
      element.append(draw('text', { x: 2, y: 11, class: 'quiet' }, path ? top.toFixed(2) + ' grey levels' : 'too short for a curve'));
      const ticks = nice(last, Math.max(2, Math.floor(width / 90)));
      for (let t = 0; t <= last; t += ticks) {
        const anchor = t === 0 ? 'start' : x(t) > width - 16 ? 'end' : 'middle';
        element.append(draw('line', { x1: x(t), x2: x(t), y1: high, y2: high + 4, class: 'axis' }));
        element.append(draw('text', { x: x(t), y: high + 14, class: 'quiet', 'text-anchor': anchor }, String(t)));
      }
      kinds.forEach((kind, k) => {
        const y = high + 16 + k * lane;
        let free = 0;
        for (const s of (view.spans || []).filter(s => s.kind === kind)) {
          const x0 = x(s.onset_frame), x1 = Math.max(x0 + 3, x(s.end_frame + 1));
          element.append(draw('rect', { x: Math.min(x0, width - 3), y: y + 14, width: x1 - x0, height: 7, rx: 2, class: 'k' + hue(kind) }));
          const text = words(kind) + ' ' + s.onset_frame + '-' + s.end_frame, room = text.length * 6.2;
          const from = Math.max(0, Math.min(x0 + 4, width - room)); // clear of a playhead at its onset
          if (from >= free) {
            element.append(draw('text', { x: from, y: y + 11 }, text));
            free = from + room + 6;
          }
        }
      });
      head = draw('line', { y1: 0, y2: height, class: 'playhead' });
      element.append(head);
    }
    function move(g) {
      if (head) { head.setAttribute('x1', x(g)); head.setAttribute('x2', x(g)); }
      element.setAttribute('aria-valuenow', String(o.now()));
      element.setAttribute('aria-valuetext', o.text(o.now()));
    }
    function pointer(e) {
      const box = element.getBoundingClientRect();
      o.seek(o.frameOf((e.clientX - box.left) / box.width * last));
    }
    element.addEventListener('pointerdown', e => { element.setPointerCapture(e.pointerId); pointer(e); });
    element.addEventListener('pointermove', e => { if (element.hasPointerCapture(e.pointerId)) pointer(e); });
    element.addEventListener('keydown', e => {
      const by = e.shiftKey ? 10 : 1;
      const to = { ArrowLeft: o.now() - by, ArrowDown: o.now() - by, ArrowRight: o.now() + by, ArrowUp: o.now() + by, PageUp: o.now() + 10, PageDown: o.now() - 10, Home: 0, End: o.count - 1 }[e.key];
      if (to !== undefined) { o.seek(to); e.preventDefault(); }
      if (e.key === ' ') { o.toggle(); e.preventDefault(); }
    });
    size();
    return { element, size, move };
  }

  // A step of 1, 2 or 5 times a power of ten with at most so many steps.
  function nice(span, most) {
    let step = Math.pow(10, Math.floor(Math.log10(Math.max(1, span / most))));
    for (const f of [1, 2, 5, 10]) if (span / (step * f) <= most) return Math.max(1, step * f);
    return Math.max(1, step * 10);
  }

  function similarity(view) {
    const box = make('div', {}, make('h3', {}, 'Self-similarity'));
    if (!view.matrix) { box.append(make('p', {}, 'No frames were compared.')); return box; }
    const n = view.frames, overlay = draw('svg', { viewBox: '0 0 ' + n + ' ' + n, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    for (const l of view.returns || []) {
      for (const c of ['under', 'over s' + hue(l.kind)]) {
        overlay.append(draw('line', { x1: l.x0, y1: n - l.y0, x2: l.x1, y2: n - l.y1, class: c }));
      }
    }
    const kinds = [...new Set((view.returns || []).map(l => l.kind))];
    const alt = 'Differences between all pairs of frames' + (kinds.length ? '; lines where it repeats: ' + kinds.join(', ') : '');
    box.append(make('div', { class: 'map' }, make('img', { src: view.matrix, alt }), overlay),
      make('p', { class: 'quiet ends' }, make('span', {}, 'frame 0, lower left'), make('span', {}, 'frame ' + (n - 1))),
      make('div', { class: 'ramp', 'aria-hidden': 'true' }),
      make('p', { class: 'quiet ends' }, make('span', {}, '0'), make('span', {}, view.matrix_top.toFixed(1) + ' grey levels')),
      make('p', { class: 'quiet' }, 'Difference of each pair of frames' + (view.lag_limit < n - 1 ? '; grey: more than ' + view.lag_limit + ' frames apart, not compared' : '') +
        (kinds.length ? '; lines: ' + kinds.map(words).join(', ') : '') + '.'));
    return box;
  }

  function variogram(view) {
    const box = make('div', {}), v = view.variogram;
    if (!v || !v.lags || v.lags.length < 2) return box;
    box.append(make('h3', {}, 'Variogram'));
    const w = 420, h = 260, left = 34, below = 34;
    const top = Math.max(1e-6, ...v.values.filter(y => y !== null)) * 1.05, far = v.lags[v.lags.length - 1];
    const x = k => left + Math.log(k) / Math.log(far) * (w - left - 6), y = d => h - below - d / top * (h - below - 8);
    const s = draw('svg', { viewBox: '0 0 ' + w + ' ' + h, role: 'img', 'aria-label': 'Mean difference of frames against their distance' });
    s.append(draw('line', { x1: left, x2: w - 6, y1: h - below, y2: h - below, class: 'axis' }), draw('line', { x1: left, x2: left, y1: 8, y2: h - below, class: 'axis' }));
    for (let t = 1; t <= far; t *= 10) {
      for (const f of [1, 2, 5]) if (t * f <= far) s.append(draw('text', { x: x(t * f), y: h - below + 14, 'text-anchor': 'middle', class: 'quiet' }, String(t * f)));
    }
    const step = nice(Math.max(1, top), 5);
    for (let t = 0; t <= top; t += top < 2 ? top / 4 : step) s.append(draw('text', { x: left - 5, y: y(t) + 4, 'text-anchor': 'end', class: 'quiet' }, top < 2 ? t.toFixed(2) : String(t)));
    let path = '', pen = 'M';
    v.lags.forEach((k, i) => {
      if (v.values[i] === null) { pen = 'M'; return; }
      path += pen + x(k).toFixed(1) + ' ' + y(v.values[i]).toFixed(1);
      pen = 'L';
    });
    s.append(draw('path', { d: path, class: 'curve' }), draw('text', { x: (w + left) / 2, y: h - 4, 'text-anchor': 'middle' }, 'distance, frames'));
    box.append(s, make('p', { class: 'quiet' }, 'Mean difference of frames, in grey levels, against the distance between them.'));
    return box;
  }

  // The table of a batch.
  function setUpTable() {
    const body = table.tBodies[0], rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((th, column) => {
      th.firstElementChild.addEventListener('click', () => {
        const up = th.getAttribute('aria-sort') === (column < 2 ? 'ascending' : 'descending') ? column >= 2 : column < 2;
        heads.forEach(h => h.setAttribute('aria-sort', 'none'));
        th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const key = row => row.cells[column] ? row.cells[column].dataset.sort : '';
        rows.sort((a, b) => {
          const p = key(a), q = key(b);
          if (p === '' || q === '') return (p === '') - (q === '');
          const d = column < 2 ? p.localeCompare(q, undefined, { numeric: true }) : Number(p) - Number(q);
          return up ? d : -d;
        });
        body.append(...rows);
      });
    });
    const byName = document.getElementById('filter-name'), group = document.getElementById('filter-group'), state = document.getElementById('filter-state');
    const shown = document.getElementById('filter-count');
    function filter() {
      const want = byName.value.toLowerCase();
      let n = 0;
      for (const row of rows) {
        row.hidden = !(row.cells[0].textContent.toLowerCase().includes(want) && (group.value === '*' || row.dataset.group === group.value) &&
          (state.value === 'all' || row.dataset.state === state.value));
        if (!row.hidden) n++;
      }
      shown.textContent = n + ' of ' + rows.length + ' videos';
    }
    for (const e of [byName, group, state]) e.addEventListener('input', filter);
    document.getElementById('filters').addEventListener('submit', e => e.preventDefault());
    filter();
    function open() {
      const m = /^#v(\d+)$/.exec(location.hash), video = m && data.videos[Number(m[1])];
      if (!video) return;
      for (const row of rows) row.classList.toggle('open', row.dataset.id === m[1]);
      show(video);
      detail.focus({ preventScroll: true });
      detail.scrollIntoView();
    }
    addEventListener('hashchange', open);
    open();
  }

  if (table) setUpTable();
  else show(data.videos[0]);
})();

// Who attends to whom: queries down, keys across, in latent frames, one
// denoising step after the other.
function patterns() {
  if (!list(section.patterns).length) return '';
  const box = make('section', { id: 'patterns', 'aria-labelledby': 'patterns-title' });
  const grid = make('div', { class: 'maps' });
  const slide = make('input', { type: 'range', min: '0', step: '1', id: 'step', 'aria-label': 'denoising step', oninput: () => { stop(); show(Number(slide.value)); } });
  const where = make('output');
  let timer = 0;
  const run = make('button', { type: 'button', onclick: () => { if (timer) stop(); else { timer = setInterval(() => show((state.step + 1) % steps), 450); run.textContent = '❚❚ Pause'; } } }, '▶ Step through');
  function stop() { clearInterval(timer); timer = 0; run.textContent = '▶ Step through'; remember(); }
  let steps = 1, cards = [];
  box.append(make('h2', { id: 'patterns-title' }, 'Who attends to whom'),
    make('p', { class: 'quiet' }, 'Frames that ask go down, frames that are asked go across, in latent frames. Filled: attended; strong: anchors, which all frames attend to; pale: weakened by their distance; empty: skipped.'),
    make('div', { class: 'row' }, run, slide, where), grid);
  changed.push(() => {
    const all = list(section.patterns).filter(p => p.h === state.at && methodShown(p.m));
    steps = Math.max(1, ...all.map(p => p.steps));
    slide.max = String(steps - 1);
    cards = all.map(card);
    grid.replaceChildren(...cards.map(c => c.element));
    if (!all.length) grid.append(make('p', {}, 'No trace at this length names a pattern.'));
    show(Math.min(state.step, steps - 1));
  });
  function show(i) {
    state.step = i;
    slide.value = String(i);
    where.textContent = 'denoising step ' + (i + 1) + ' of ' + steps;
    slide.setAttribute('aria-valuetext', where.textContent);
    for (const c of cards) c.show(i);
  }
  return box;
}

function card(p) {
  const m = section.methods[p.m];
  const canvas = make('canvas', { width: p.latent, height: p.latent, role: 'img' });
  const says = make('span', { class: 'quiet' });
  const element = make('figure', { class: hue(m) }, make('figcaption', {}, chip(m), m.title, ' ', says), make('div', { class: 'map' }, canvas));
  let drawn = -1;
  function show(step) {
    const uses = p.uses.filter(u => list(u.steps).includes(Math.min(step, p.steps - 1)));
    const use = uses[0] || p.uses[0];
    const mask = section.masks[use.mask];
    const text = (p.note ? p.note + '; ' : '') + (mask.dense ? 'every pair' : (100 * mask.fraction).toFixed(1) + ' % of pairs') + (mask.anchors ? ', ' + several(mask.anchors.length, 'anchor') : '') +
      (list(mask.bands).length > 1 ? ', weakened by distance' : '') + (uses.length > 1 ? '; other layers differ (layers ' + list(use.layers).join(', ') + ' are shown)' : '');
    says.textContent = text;
    canvas.setAttribute('aria-label', m.title + ' at denoising step ' + (step + 1) + ': ' + text);
    if (use.mask !== drawn) paint(canvas, mask, p.latent, m);
    drawn = use.mask;
  }
  return { element, show };
}

function paint(canvas, mask, n, m) {
  const g = canvas.getContext('2d');
  g.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--m' + m.color % 8);
  g.fillRect(0, 0, 1, 1); // the colour as bytes
  const [r, gr, b] = g.getImageData(0, 0, 1, 1).data;
  const image = g.createImageData(n, n);
  const bands = list(mask.bands);
  const strength = d => { const x = bands.find(x => x.to === 0 || d <= x.to); return x ? x.f : 1; };
  const several = new Set(bands.map(x => x.f)).size > 1;
  const alpha = Array.from({ length: n }, (_, d) => Math.round(255 * (several ? (strength(d) >= 1 ? 0.75 : 0.3 + 0.2 * strength(d)) : mask.dense ? 0.75 : 0.6)));
  const put = (q, k, a) => { const i = 4 * (q * n + k); image.data[i] = r; image.data[i + 1] = gr; image.data[i + 2] = b; image.data[i + 3] = a; };
  const windows = list(mask.windows), anchors = list(mask.anchors);
  for (let q = 0; q < n; q++) {
    const lo = mask.dense ? 0 : windows[2 * q] ?? 0, hi = mask.dense ? n - 1 : windows[2 * q + 1] ?? n - 1;
    for (let k = lo; k <= hi; k++) put(q, k, alpha[Math.abs(q - k)]);
    for (const k of anchors) put(q, k, 255);
  }
  g.putImageData(image, 0, 0);
}

// Self-similarity: each frame against each, with the loops marked.
function maps() {
  if (!section.videos.some(v => v.map)) return '';
  const box = make('section', { id: 'maps', 'aria-labelledby': 'maps-title' });
  const grid = make('div', { class: 'maps' });
  const pick = make('select', { onchange: () => { state.pick = pick.value; update(); } });
  const heads = [];
  const scale = make('span');
  box.append(make('h2', { id: 'maps-title' }, 'Self-similarity'),
    make('p', { class: 'quiet' }, 'Each frame against each frame, the first at the lower left; bright is alike. A bright line beside the diagonal is a return, a bright square is a still. Lines mark the loops that were found. A click goes to that second.'),
    make('div', { class: 'row' }, make('label', {}, make('span', { class: 'lab' }, 'Video'), pick), make('span', { class: 'quiet' }, 'alike ', make('span', { class: 'ramp', role: 'img', 'aria-label': 'bright is alike, dark is different' }), ' different', scale)), grid);
  const keyOf = v => section.horizons[v.h].frames + ' ' + section.prompts[v.p].tag + ' ' + v.seed;
  changed.push(() => {
    const groups = new Map();
    for (const v of section.videos) if (v.map && methodShown(v.m) && horizonShown(v.h) && (state.prompt < 0 || v.p === state.prompt)) groups.set(keyOf(v), [...(groups.get(keyOf(v)) || []), v]);
    const order = [...groups.keys()].sort((a, b) => parseInt(b, 10) - parseInt(a, 10) || a.localeCompare(b));
    pick.replaceChildren(...order.map(k => { const v = groups.get(k)[0]; return make('option', { value: k }, section.horizons[v.h].frames + ' frames, ' + section.prompts[v.p].tag + ', seed ' + v.seed); }));
    const repeats = k => groups.get(k).some(v => list(v.lines).length);
    const first = order.filter(k => parseInt(k, 10) === parseInt(order[0], 10)).find(repeats) || order[0];
    const now = groups.has(state.pick) ? state.pick : first;
    pick.value = now;
    scale.textContent = groups.has(now) ? ', 0 to ' + digits(groups.get(now)[0].mt) + ' grey levels' : '';
    heads.length = 0;
    grid.replaceChildren(...[...(groups.get(now) || [])].sort((a, b) => a.m - b.m).map(mapOf));
    for (const h of heads) h(clock.t);
  });
  moved.push(t => { for (const h of heads) h(t); });
  function mapOf(v) {
    const m = section.methods[v.m], n = v.n;
    const over = draw('svg', { viewBox: `0 0 ${n} ${n}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    for (const l of list(v.lines)) for (const c of ['under', 'over']) over.append(draw('line', { x1: l.at[0], y1: n - l.at[1], x2: l.at[2], y2: n - l.at[3], class: c }));
    const head = draw('line', { y1: 0, y2: n, class: 'playhead' });
    over.append(head);
    heads.push(t => { const f = Math.min(n, t * rateOf(v)); head.setAttribute('x1', f); head.setAttribute('x2', f); });
    const kinds = [...new Set(list(v.lines).map(l => kindOf(l.k).name))];
    const map = make('div', { class: 'map', onclick: e => { const b = map.getBoundingClientRect(); clock.pause(); clock.seek((e.clientX - b.left) / b.width * lengthOf(v)); } },
      make('img', { src: v.map, loading: 'lazy', alt: 'self-similarity of ' + m.title + (kinds.length ? ', lines: ' + kinds.join(', ') : ', no loop marked') }), over);
    const loop = list(v.found).find(f => f.period);
    return make('figure', { class: hue(m) }, make('figcaption', {}, chip(m), m.title, loop ? make('span', { class: 't-repeats' }, ' ' + kindOf(loop.k).name + ', period ' + loop.period + ' frames') : ''), map);
  }
  return box;
}

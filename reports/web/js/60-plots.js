// Plots of the table's rows, with their intervals.
const plotW = 520, plotH = 340, edge = { l: 56, r: 16, t: 12, b: 44 };
const shapes = [(x, y, r) => draw('circle', { cx: x, cy: y, r }), (x, y, r) => draw('rect', { x: x - r, y: y - r, width: 2 * r, height: 2 * r }), (x, y, r) => draw('path', { d: `M${x} ${y - 1.3 * r}L${x + 1.2 * r} ${y + r}L${x - 1.2 * r} ${y + r}Z` }),
  (x, y, r) => draw('path', { d: `M${x} ${y - 1.4 * r}L${x + 1.4 * r} ${y}L${x} ${y + 1.4 * r}L${x - 1.4 * r} ${y}Z` })];
function glyph(m, x, y, r) {
  const turn = Math.floor(section.methods[m].color / 8);
  const g = shapes[(section.methods[m].color + turn) % shapes.length](x, y, r);
  g.setAttribute('class', turn ? 'mark hollow' : 'mark'); // a colour's second turn
  return g;
}

// Steps of 1, 2 or 5 times a power of ten, at most so many.
function ticks(lo, hi, most) {
  const span = Math.max(1e-12, hi - lo);
  let step = Math.pow(10, Math.floor(Math.log10(span / most)));
  step *= [1, 2, 5, 10].find(f => span / (step * f) <= most) || 10;
  const out = [];
  for (let v = Math.ceil(lo / step - 1e-9) * step; v <= hi + 1e-9 * step; v += step) out.push(Math.round(v / step) * step);
  return out;
}
function logTicks(lo, hi) {
  const out = [];
  for (let p = Math.floor(Math.log10(lo)); p <= Math.ceil(Math.log10(hi)); p++) for (const f of [1, 2, 5]) { const v = f * Math.pow(10, p); if (v >= lo * 0.999 && v <= hi * 1.001) out.push(v); }
  return out;
}
function axes(x, y, xs, ys, xLabel, yLabel) {
  const g = draw('g');
  for (const v of ys) g.append(draw('line', { x1: edge.l, x2: plotW - edge.r, y1: y(v), y2: y(v), class: 'gridline' }), draw('text', { x: edge.l - 7, y: y(v) + 4, 'text-anchor': 'end', class: 'quiet' }, digits(v)));
  for (const v of xs) g.append(draw('line', { x1: x(v), x2: x(v), y1: edge.t, y2: plotH - edge.b, class: 'gridline' }), draw('text', { x: x(v), y: plotH - edge.b + 16, 'text-anchor': 'middle', class: 'quiet' }, digits(v)));
  g.append(draw('text', { x: (edge.l + plotW - edge.r) / 2, y: plotH - 6, 'text-anchor': 'middle' }, xLabel),
    draw('text', { transform: `translate(13 ${(edge.t + plotH - edge.b) / 2}) rotate(-90)`, 'text-anchor': 'middle' }, yLabel));
  return g;
}
function keys(methods, extra) {
  const box = make('div', { class: 'legend' });
  for (const m of methods) {
    const s = draw('svg', { class: 'key ' + hue(section.methods[m]), viewBox: '0 0 16 12', 'aria-hidden': 'true' });
    s.append(glyph(m, 8, 6, 4));
    box.append(make('span', {}, s, section.methods[m].title));
  }
  for (const t of extra) box.append(make('span', {}, t));
  return box;
}

const costs = [['denoise', 'time to denoise, s'], ['wall', 'time per video, s']];
const qualities = [['motion', 'motion kept (1 = dense at 1x)'], ['composite', 'score, 0 to 100'], ['freeze', 'share of videos that froze']];
const hasColumn = id => section.rows.some(r => cellOf(r, id)?.v !== undefined);

function plots() {
  const box = make('section', { id: 'plots', 'aria-labelledby': 'plots-title' });
  const xs = costs.filter(c => hasColumn(c[0])), ys = qualities.filter(c => hasColumn(c[0]));
  box.append(make('h2', { id: 'plots-title' }, 'Quality against cost'));
  const grid = make('div', { class: 'plots' });
  if (xs.length && ys.length) {
    if (!xs.some(c => c[0] === state.px)) state.px = xs[0][0];
    usualQuality = ys[0][0];
    if (!ys.some(c => c[0] === state.py)) state.py = usualQuality;
    const plane = make('figure', { class: 'plot', id: 'plane' });
    const where = make('div');
    const says = make('figcaption', { class: 'quiet' });
    plane.append(make('div', { class: 'row' }, choice('', ys, () => state.py, v => { state.py = v; }), 'over', choice('', xs, () => state.px, v => { state.px = v; })), where, says);
    changed.push(() => drawPlane(where, says));
    grid.append(plane);
  }
  if (hasColumn('denoise')) {
    const latency = make('figure', { class: 'plot', id: 'latency' });
    const where = make('div');
    latency.append(make('div', { class: 'row' }, make('b', {}, 'Time to denoise against length')), where,
      make('figcaption', { class: 'quiet' }, 'Means with 95 % intervals. Dashed: the least time that the attended fraction allows, dense time over the bound. Both axes are logarithmic.'));
    changed.push(() => drawLatency(where));
    grid.append(latency);
  }
  if (!grid.childElementCount) grid.append(make('p', {}, 'No times are recorded.'));
  box.append(grid);
  return box;
}

// front is the points that no other beats: cheaper and at least as good.
function front(points, lowGood) {
  const better = (a, b) => lowGood ? a.y < b.y : a.y > b.y;
  const out = [];
  for (const p of [...points].sort((a, b) => a.x - b.x || (lowGood ? a.y - b.y : b.y - a.y))) if (!out.length || better(p, out[out.length - 1])) out.push(p);
  return out;
}

function drawPlane(where, says) {
  const lowGood = state.py === 'freeze';
  const points = section.methods.map((_, m) => m).filter(methodShown).map(m => ({ m, cx: cellOf(rowOf(m, state.at), state.px), cy: cellOf(rowOf(m, state.at), state.py) }))
    .filter(p => p.cx?.v !== undefined && p.cy?.v !== undefined).map(p => ({ ...p, x: p.cx.v, y: p.cy.v }));
  const label = list => id => list.find(c => c[0] === id)[1];
  says.textContent = 'At ' + section.horizons[state.at].frames + ' frames. Bars are 95 % intervals, cut at the frame. The dashed line joins the methods that no other beats in both; where intervals overlap it does not tell them apart. Better is ' + (lowGood ? 'lower' : 'upper') + ' left.';
  if (!points.length) { where.replaceChildren(make('p', {}, 'Nothing at this length has both.')); return; }
  says.append(' On the front: ' + front(points, lowGood).map(p => section.methods[p.m].title).join(', ') + '.');
  const right = 1.25 * Math.max(...points.map(p => p.x)), top = state.py === 'composite' ? 105 : state.py === 'freeze' ? 1.08 : 1.25 * Math.max(1, ...points.map(p => p.y));
  const low = Math.min(0, ...points.map(p => p.y));
  const x = v => edge.l + Math.max(0, Math.min(1, v / right)) * (plotW - edge.l - edge.r), y = v => plotH - edge.b - Math.max(0, Math.min(1, (v - low) / (top - low))) * (plotH - edge.t - edge.b);
  const s = draw('svg', { viewBox: `0 0 ${plotW} ${plotH}`, role: 'img' });
  s.append(axes(x, y, ticks(0, right, 6), ticks(low, top, 5), label(costs)(state.px), label(qualities)(state.py)));
  s.append(draw('path', { class: 'front', d: 'M' + front(points, lowGood).map(p => x(p.x) + ' ' + y(p.y)).join('L') }));
  const put = [];
  for (const p of points) {
    const g = draw('g', { class: hue(section.methods[p.m]) });
    if (p.cx.lo !== undefined) g.append(draw('path', { class: 'whisk', d: `M${x(p.cx.lo)} ${y(p.y)}H${x(p.cx.hi)}` }));
    if (p.cy.lo !== undefined) g.append(draw('path', { class: 'whisk', d: `M${x(p.x)} ${y(p.cy.lo)}V${y(p.cy.hi)}` }));
    const dot = glyph(p.m, x(p.x), y(p.y), 6);
    dot.append(draw('title', {}, section.methods[p.m].title + ': ' + p.cx.t + '; ' + p.cy.t));
    g.append(dot);
    s.append(g);
    // The name goes to the first place that no other name has.
    const name = section.methods[p.m].title, w = name.length * 7;
    const spots = [[10, -9], [10, 17], [-10 - w, -9], [-10 - w, 17], [10, -23], [10, 31], [-10 - w, 31], [-10 - w, -23]].map(([dx, dy]) => [Math.max(edge.l, Math.min(plotW - w, x(p.x) + dx)), Math.max(12, Math.min(plotH - edge.b - 4, y(p.y) + dy))]);
    const at = spots.find(([a, b]) => !put.some(q => a < q[0] + q[2] && q[0] < a + w && Math.abs(b - q[1]) < 13)) || spots[0];
    put.push([at[0], at[1], w]);
    s.append(draw('text', { x: at[0], y: at[1] }, name));
  }
  s.setAttribute('aria-label', says.textContent + ' ' + points.map(p => section.methods[p.m].title + ' ' + p.cx.t + ', ' + p.cy.t).join('; '));
  where.replaceChildren(s, keys(points.map(p => p.m), []));
}

function drawLatency(where) {
  const lines = section.methods.map((_, m) => m).filter(methodShown).map(m => ({ m, points: section.horizons.map((h, i) => ({ h, i, c: cellOf(rowOf(m, i), 'denoise'), bound: cellOf(rowOf(m, i), 'bound'), fraction: cellOf(rowOf(m, i), 'attended') })).filter(p => p.c?.v > 0) })).filter(l => l.points.length);
  if (!lines.length) { where.replaceChildren(make('p', {}, 'No time is recorded for these.')); return; }
  const dense = section.methods.findIndex(m => m.dense);
  const least = p => { const d = cellOf(rowOf(dense, p.i), 'denoise'); return d?.v > 0 && p.bound?.v > 0 ? d.v / p.bound.v : null; };
  const all = lines.flatMap(l => l.points.flatMap(p => [p.c.v, least(p)])).filter(v => v > 0);
  const lo = Math.min(...all) / 1.5, hi = Math.max(...all) * 1.5;
  const frames = [...new Set(lines.flatMap(l => l.points.map(p => p.h.frames)))].sort((a, b) => a - b);
  const f0 = frames[0] / 1.12, f1 = frames[frames.length - 1] * 1.12;
  const scale = (v, a, b) => Math.max(0, Math.min(1, Math.log(Math.max(v, 1e-12) / a) / Math.log(b / a)));
  const x = v => edge.l + scale(v, f0, f1) * (plotW - edge.l - edge.r), y = v => plotH - edge.b - scale(v, lo, hi) * (plotH - edge.t - edge.b);
  const s = draw('svg', { viewBox: `0 0 ${plotW} ${plotH}`, role: 'img', 'aria-label': 'Time to denoise against length. ' + lines.map(l => section.methods[l.m].title + ': ' + l.points.map(p => p.c.t + ' s at ' + p.h.frames).join(', ')).join('; ') });
  s.append(axes(x, y, frames, logTicks(lo, hi), 'video frames', 'time to denoise, s'));
  for (const l of lines) {
    const g = draw('g', { class: hue(section.methods[l.m]) });
    const limit = l.points.map(p => ({ x: x(p.h.frames), v: least(p), less: p.fraction?.v < 1 }));
    if (l.m !== dense && limit.some(p => p.less)) g.append(draw('path', { class: 'curve bound', d: 'M' + limit.filter(p => p.v > 0).map(p => p.x + ' ' + y(p.v)).join('L') }));
    g.append(draw('path', { class: 'curve', d: 'M' + l.points.map(p => x(p.h.frames) + ' ' + y(p.c.v)).join('L') }));
    for (const p of l.points) {
      if (p.c.lo !== undefined) g.append(draw('path', { class: 'whisk', d: `M${x(p.h.frames)} ${y(p.c.lo)}V${y(p.c.hi)}` }));
      const dot = glyph(l.m, x(p.h.frames), y(p.c.v), 4.5);
      dot.append(draw('title', {}, section.methods[l.m].title + ' at ' + p.h.frames + ' frames: ' + p.c.t + ' s'));
      g.append(dot);
    }
    s.append(g);
  }
  where.replaceChildren(s, keys(lines.map(l => l.m), ['- - bound']));
}

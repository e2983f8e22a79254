// The page, top to bottom.
function published() {
  const p = section.published;
  if (!list(p.rows).length) return '';
  return make('details', { id: 'published' }, make('summary', {}, p.title), make('p', { class: 'quiet' }, p.source),
    make('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': p.title }, make('table', {}, make('thead', {}, make('tr', {}, p.header.map((h, i) => make('th', { scope: 'col', class: i > 0 && i < 5 ? 'l' : '' }, h)))),
      make('tbody', {}, p.rows.map(r => make('tr', { class: r.here ? 'here' : '' }, r.cells.map((c, i) => make('td', { class: i > 0 && i < 5 ? 'l' : '' }, c))))))));
}

function files() {
  if (!list(data.figures).length && !list(data.sheets).length) return '';
  const box = make('section', { 'aria-labelledby': 'files-title' }, make('h2', { id: 'files-title' }, 'To take along'));
  for (const s of list(data.sheets)) box.append(make('p', {}, s.title + ': ', make('a', { href: s.video }, 'all methods in one video'), ', ', make('a', { href: s.image }, 'contact sheet')));
  if (list(data.figures).length) {
    box.append(make('details', {}, make('summary', {}, several(data.figures.length, 'figure') + ' for papers, PNG and SVG'),
      make('ul', { class: 'facts' }, data.figures.map(f => make('li', {}, f.caption + ': ', make('a', { href: f.base + '.png' }, f.base + '.png'), ', ', make('a', { href: f.base + '.svg' }, f.base + '.svg'))))));
  }
  return box;
}

function about() {
  return make('section', { 'aria-labelledby': 'about-title' }, make('h2', { id: 'about-title' }, 'How it was made'),
    make('ul', { class: 'facts' }, list(data.facts).map(t => make('li', {}, t))),
    make('details', {}, make('summary', {}, 'Parameters of the methods'), make('dl', { class: 'facts' }, section.methods.flatMap(m => [make('dt', {}, chip(m), m.title), make('dd', {}, m.params)]))),
    make('p', {}, 'To make it again:'), make('pre', {}, data.command));
}

function warnings() {
  const all = list(data.warnings);
  if (!all.length) return '';
  return make('details', { id: 'warnings' }, make('summary', { class: 'warn' }, several(all.length, 'warning') + ': ' + (all[0].length > 120 ? all[0].slice(0, 120) + '…' : all[0])),
    make('ul', { class: 'facts' }, all.slice(0, 400).map(t => make('li', {}, t))));
}

function rebuild() {
  clock.pause();
  changed.length = moved.length = 0;
  main.replaceChildren();
  const t = state.t;
  main.append(...[settings(), verdict(), filters(), playerGrid(), numbers(), plots(), maps(), patterns(), published(), files(), about(), warnings()].filter(e => e));
  state.t = t;
  update();
}

addEventListener('hashchange', () => { if (location.hash !== last) { recall(); rebuild(); } });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if (!clock.playing) rebuild(); });
recall();
rebuild();

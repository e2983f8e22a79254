// The numbers: one row a method and length, and below it one a video.
function noteList() {
  const ol = make('ol', { class: 'notes' }, section.notes.map((t, i) => make('li', { id: 'note' + i }, t)));
  const box = make('details', { id: 'footnotes' }, make('summary', {}, several(section.notes.length, 'footnote')), ol);
  return section.notes.length ? box : null;
}
function showNote(i) {
  const li = document.getElementById('note' + i);
  if (!li) return;
  for (let e = li; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;
  li.scrollIntoView({ block: 'center' });
  li.tabIndex = -1;
  li.focus();
}

// A table whose heads sort it. columns: {id, title, help, left}; key(row, id) is what it sorts by.
function sortable(id, columns, key, start, save) {
  let by = start;
  const body = make('tbody');
  const heads = columns.map(c => make('th', { scope: 'col', class: c.left ? 'l' : '', title: c.help || '', 'aria-sort': 'none', data: { id: c.id } },
    make('button', { type: 'button', onclick: () => { by = by === c.id ? '-' + c.id : c.id; save?.(by); fill(); } }, c.title)));
  const table = make('table', { id }, make('thead', {}, make('tr', {}, heads)), body);
  let fill = () => {};
  function order(rows) {
    const down = by.startsWith('-'), name = by.replace('-', '');
    heads.forEach((h, i) => h.setAttribute('aria-sort', columns[i].id === name ? (down ? 'descending' : 'ascending') : 'none'));
    if (!columns.some(c => c.id === name)) return rows;
    return [...rows].sort((a, b) => {
      const x = key(a, name), y = key(b, name);
      if (x === undefined || x === null || y === undefined || y === null) return (x === undefined || x === null) - (y === undefined || y === null);
      const d = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
      return down ? -d : d;
    });
  }
  return { table, body, order, onfill(f) { fill = f; } };
}

function numbers() {
  const box = make('section', { id: 'numbers', 'aria-labelledby': 'numbers-title' });
  box.append(make('h2', { id: 'numbers-title' }, 'The numbers'));
  const columns = [{ id: 'method', title: 'Method', left: true }, { id: 'frames', title: 'Frames' }, { id: 'n', title: 'n', help: 'videos of the row' }, ...section.columns];
  const key = (r, id) => id === 'method' ? r.m : id === 'frames' ? section.horizons[r.h].frames : id === 'n' ? parseInt(r.n, 10) : r.c[columnOf(id)]?.v;
  const t = sortable('table', columns, key, state.sort, by => { state.sort = by; remember(); });
  const says = make('p', { class: 'quiet', id: 'numbers-says' });
  const fill = () => {
    const p = state.prompt >= 0 && promptRows() ? state.prompt : -1;
    let rows = section.rows.filter(r => r.p === p && methodShown(r.m) && horizonShown(r.h));
    if (state.find) rows = rows.filter(r => section.videos.some(v => v.m === r.m && v.h === r.h && (p < 0 || v.p === p) && foundShown(v)));
    t.body.replaceChildren(...t.order(rows).map(r => make('tr', { class: hue(section.methods[r.m]) },
      make('th', { scope: 'row' }, chip(section.methods[r.m]), section.methods[r.m].title), make('td', {}, String(section.horizons[r.h].frames)), make('td', {}, r.n),
      r.c.map((c, i) => make('td', { class: ['freeze', 'loop'].includes(section.columns[i].id) && c.v > 0 ? 'badnum' : '', title: c.lo !== undefined && c.t.includes('/') ? '95 % interval of the share: ' + c.lo.toFixed(2) + ' to ' + c.hi.toFixed(2) : '' }, number(c))))));
    says.textContent = (p >= 0 ? 'Rows of the prompt ' + section.prompts[p].tag + '. ' : state.prompt >= 0 ? 'There are too many prompts for rows of each: these are of all prompts. ' : '') +
      (state.find ? 'Rows in which some video has the finding; their means are over all videos of the row. ' : '') +
      'Means with 95 % intervals over the n videos of a row; ~ is no significant difference.';
  };
  t.onfill(fill);
  changed.push(fill);
  box.append(says, make('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Methods by length' }, t.table),
    make('ul', { class: 'quiet' }, list(section.remarks).map(x => make('li', {}, x))), everyVideo(), noteList() || '');
  return box;
}

const videosAtOnce = 200;
function everyVideo() {
  const box = make('details', { id: 'every' });
  const summary = make('summary');
  const columns = [{ id: 'method', title: 'Method', left: true }, { id: 'frames', title: 'Frames' }, { id: 'prompt', title: 'Prompt', left: true }, { id: 'seed', title: 'Seed' }, { id: 'found', title: 'Findings', left: true },
    { id: 'first', title: 'First finding, s' }, { id: 'wall', title: 'Whole video, s' }, { id: 'denoise', title: 'Denoise, s' }, { id: 'motion', title: 'Motion kept' }, { id: 'score', title: 'Score, 0-100' }];
  const first = v => v.found ? Math.min(...v.found.map(f => startOf(v, f))) : undefined;
  const key = (v, id) => ({ method: v.m, frames: section.horizons[v.h].frames, prompt: section.prompts[v.p].tag, seed: v.seed, found: list(v.found).length, first: first(v), wall: v.wall, denoise: v.den, motion: v.mot, score: v.score }[id]);
  const t = sortable('videos', columns, key, '');
  let limit = videosAtOnce;
  const more = make('p');
  const fill = () => {
    const all = section.videos.filter(videoShown);
    summary.textContent = 'Every video, one by one (' + all.length + ')';
    if (!box.open) return;
    const says = v => v.why && !v.ok ? make('span', { class: 'warn' }, v.why) : list(v.found).length ? make('span', {}, list(v.found).map(f => f.t || kindOf(f.k).name).join('; ')) : v.ok ? 'none' : 'not scored';
    const value = x => x === undefined || x === null ? '-' : digits(x);
    t.body.replaceChildren(...t.order(all).slice(0, limit).map(v => make('tr', {},
      make('th', { scope: 'row' }, chip(section.methods[v.m]), section.methods[v.m].title), make('td', {}, String(section.horizons[v.h].frames)), make('td', { class: 'l' }, section.prompts[v.p].tag), make('td', {}, String(v.seed)),
      make('td', { class: 'wrap' }, says(v)), make('td', {}, v.found ? first(v).toFixed(1) : '-'), make('td', {}, value(v.wall)), make('td', {}, value(v.den)), make('td', {}, value(v.mot)), make('td', {}, value(v.score)))));
    more.replaceChildren();
    if (all.length > limit) more.append(make('button', { type: 'button', onclick: () => { limit += videosAtOnce; fill(); } }, 'Show ' + Math.min(videosAtOnce, all.length - limit) + ' more'), ' ' + (all.length - limit) + ' are not shown; sorting takes in all.');
  };
  t.onfill(fill);
  changed.push(fill);
  box.addEventListener('toggle', fill);
  box.append(summary, make('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Every video' }, t.table), more);
  return box;
}

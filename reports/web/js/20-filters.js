// The filters: they act on the answer, the players and the tables together.
function toggles(label, of, key) {
  const box = make('fieldset', { class: 'group' }, make('legend', {}, label));
  of.forEach((children, i) => {
    const b = make('button', { type: 'button', onclick: () => {
      const all = of.map((_, k) => k);
      let set = new Set(state[key] || all);
      if (!state[key]) set = new Set([i]); // the first click shows this one alone
      else if (set.has(i)) set.delete(i);
      else set.add(i);
      state[key] = set.size === 0 || set.size === all.length ? null : set;
      if (key === 'horizons' && set.size === 1) state.at = [...set][0]; // the answer follows
      update();
    } }, children);
    changed.push(() => b.setAttribute('aria-pressed', String(!!state[key] && state[key].has(i))));
    box.append(b);
  });
  const clear = make('button', { type: 'button', onclick: () => { state[key] = null; update(); } }, 'all');
  changed.push(() => clear.setAttribute('aria-pressed', String(!state[key])));
  box.append(clear);
  return box;
}

function choice(label, options, get, set) {
  const s = make('select', { onchange: () => { set(s.value); update(); } }, options.map(([value, text]) => make('option', { value }, text)));
  changed.push(() => { s.value = get(); });
  return make('label', {}, make('span', { class: 'lab' }, label), s);
}

function filters() {
  const box = make('section', { id: 'filters', 'aria-label': 'Filters' });
  const first = make('div', { class: 'row' });
  first.append(toggles('Methods', section.methods.map(m => [chip(m), m.title]), 'methods'));
  first.append(toggles('Length', section.horizons.map(h => [h.frames + ' frames']), 'horizons'));
  const kinds = data.kinds.map(k => k.name);
  first.append(choice('Prompt', [['-1', 'all'], ...section.prompts.map((p, i) => [String(i), p.tag])], () => String(state.prompt), v => { state.prompt = Number(v); }));
  first.append(choice('Finding', [['', 'all videos'], ['any', 'any finding'], ['none', 'no finding'], ...kinds.map(k => [k, k])], () => state.find, v => { state.find = v; }));
  const count = make('output', { class: 'quiet', id: 'count' });
  changed.push(() => {
    const n = section.videos.filter(videoShown).length;
    count.textContent = n === section.videos.length ? several(n, 'video') : n + ' of ' + several(section.videos.length, 'video');
  });
  first.append(count);
  box.append(first);
  return box;
}

// What cannot be compared in one table is a page of its own behind this choice.
function settings() {
  document.getElementById('headline').replaceChildren(...section.headline.map((t, i) => make('p', { class: i ? 'cost' : 'answer' }, t)));
  if (data.sections.length < 2) return '';
  const s = make('select', { id: 'section', onchange: () => { useSection(Number(s.value)); rebuild(); } }, data.sections.map((x, i) => make('option', { value: String(i) }, x.title)));
  s.value = String(state.s);
  return make('div', { class: 'row' }, make('label', {}, make('span', { class: 'lab' }, 'Settings that are not compared with each other:'), s));
}

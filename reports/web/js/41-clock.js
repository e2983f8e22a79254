// One clock for all players. While it runs, each player is nudged towards it by
// its speed; one that falls far behind is waited for, or set back in place.
const clock = {
  t: 0, far: 0, playing: false, rate: 1, step: 1 / 16,
  measure() {
    this.far = Math.max(0, ...players.map(p => p.length));
    this.step = 1 / Math.max(1, ...players.filter(p => p.v.src).map(p => rateOf(p.v)), 1);
    if (!Number.isFinite(this.step) || players.length === 0) this.step = 1 / 16;
    this.seek(Math.min(state.t, this.far));
  },
  live() { return [...near].filter(p => p.video && !p.broken); },
  seek(t) {
    this.t = state.t = Math.max(0, Math.min(this.far, t));
    for (const p of this.live()) place(p);
    this.tell();
  },
  stepBy(n) {
    this.pause();
    const f = Math.floor(this.t / this.step + 1e-6) + n;
    this.seek(Math.max(0, Math.min((f + 0.5) * this.step, this.far - this.step / 2)));
  },
  play() {
    if (this.playing || !players.length) return;
    if (this.t >= this.far - this.step) this.seek(0);
    this.playing = true;
    this.behind = 0;
    this.before = performance.now();
    requestAnimationFrame(now => this.tick(now));
    this.tell();
  },
  pause() {
    if (!this.playing) return;
    this.playing = false;
    for (const p of this.live()) p.video.pause();
    this.seek(this.t);
    remember();
  },
  toggle() { if (this.playing) this.pause(); else this.play(); },
  speed(r) {
    this.rate = state.rate = r;
    for (const p of this.live()) p.video.playbackRate = r;
    remember();
  },
  tick(now) {
    if (!this.playing) return;
    const dt = Math.min(0.1, Math.max(0, (now - this.before) / 1000));
    this.before = now;
    const all = this.live().filter(p => !p.over(this.t));
    // The clock waits for players that have no frame yet, but not for ever.
    const late = all.filter(p => p.video.readyState < 3 || p.video.seeking || p.video.currentTime < this.t - 0.6 * this.step - 0.02);
    this.behind = late.length ? this.behind + dt : 0;
    if (!late.length || this.behind > 1) this.t = Math.min(this.far, this.t + dt * this.rate);
    for (const p of all) {
      const v = p.video;
      const ahead = v.currentTime - this.t;
      if (late.length && ahead > 0.4 * this.step) {
        if (!v.paused) v.pause();
        continue;
      }
      if (v.paused) v.play().catch(() => {});
      if (v.seeking || v.readyState < 2) continue;
      if (Math.abs(ahead) > 0.4 + this.rate * 0.1) v.currentTime = this.t;
      else v.playbackRate = this.rate * Math.max(0.5, Math.min(1.6, 1 - 3 * ahead));
    }
    for (const p of this.live()) if (p.over(this.t) && !p.video.paused) { p.video.pause(); place(p); }
    if (this.t >= this.far - 1e-6) { this.playing = false; this.seek(this.far - this.step / 2); remember(); return; }
    state.t = this.t;
    this.tell();
    requestAnimationFrame(n => this.tick(n));
  },
  tell() { for (const f of moved) f(this.t, this.playing); for (const p of near) p.show(this.t); },
};

// place shows a player's frame of the clock's second; a seek under way is followed by the next.
function place(p) {
  const v = p.video;
  if (!v || v.readyState < 1) return; // it goes there when it is open
  if (v.seeking) {
    if (!p.again) {
      p.again = true;
      v.addEventListener('seeked', () => { p.again = false; if (p.video === v && !clock.playing) place(p); }, { once: true });
    }
    return;
  }
  const to = p.target(clock.t);
  if (Math.abs(v.currentTime - to) > 1e-4) v.currentTime = to;
}

function transport() {
  const play = make('button', { id: 'play', type: 'button', onclick: () => clock.toggle() }, '▶ Play all');
  const seek = make('input', { id: 'seek', type: 'range', min: '0', max: '1', step: 'any', 'aria-label': 'second shown by all players', oninput: () => { clock.pause(); clock.seek(Number(seek.value)); }, onchange: remember });
  const where = make('output', { id: 'clock' });
  const speed = make('select', { id: 'speed', 'aria-label': 'speed', onchange: () => clock.speed(Number(speed.value)) }, [0.25, 0.5, 1, 2, 4].map(r => make('option', { value: String(r) }, r + '×')));
  speed.value = String(state.rate);
  clock.rate = state.rate;
  const step = (text, label, f) => make('button', { type: 'button', 'aria-label': label, title: label, onclick: f }, text);
  moved.push((t, playing) => {
    play.textContent = playing ? '❚❚ Pause' : '▶ Play all';
    seek.max = String(clock.far);
    seek.value = String(t);
    const at = Math.floor(t / clock.step + 1e-6);
    const text = t.toFixed(2) + ' of ' + seconds(clock.far) + ', frame ' + at;
    where.textContent = text;
    seek.setAttribute('aria-valuetext', text);
  });
  return make('div', { id: 'transport', role: 'group', 'aria-label': 'Player' }, play,
    step('◀', 'one frame back', () => { clock.stepBy(-1); remember(); }), step('▶', 'one frame on', () => { clock.stepBy(1); remember(); }), seek, where, speed,
    step('⇤', 'to the finding before', () => jump(-1)), step('⇥', 'to the next finding', () => jump(1)));
}

// jump goes to where the next finding among the shown videos begins.
function jump(way) {
  const at = [...new Set(players.flatMap(p => list(p.v.found).map(f => middle(p.v, f.a))))].sort((a, b) => a - b);
  const to = way > 0 ? at.find(t => t > clock.t + 1e-3) : at.findLast(t => t < clock.t - clock.step);
  clock.pause();
  if (to !== undefined) clock.seek(to);
  remember();
}

addEventListener('keydown', e => {
  if (e.altKey || e.ctrlKey || e.metaKey) return;
  const tag = e.target.tagName;
  if (tag === 'SELECT' || tag === 'TEXTAREA' || (tag === 'INPUT' && e.target.id !== 'seek')) return;
  if (e.key === ' ' && (tag === 'BUTTON' || tag === 'SUMMARY' || tag === 'A')) return; // it presses that
  const by = e.shiftKey ? 10 : 1;
  const act = { ' ': () => clock.toggle(), ArrowLeft: () => clock.stepBy(-by), ArrowRight: () => clock.stepBy(by), n: () => jump(1), p: () => jump(-1), Home: () => { clock.pause(); clock.seek(0); }, End: () => { clock.pause(); clock.seek(clock.far - clock.step / 2); } }[e.key];
  if (!act || (['Home', 'End'].includes(e.key) && e.target.id !== 'seek')) return;
  e.preventDefault();
  act();
  remember();
});
document.addEventListener('visibilitychange', () => { if (document.hidden) clock.pause(); });

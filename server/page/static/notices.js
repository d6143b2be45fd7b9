import { el, find, show } from './dom.js';
import { instant, money } from './format.js';
import { empty, lotName, moment, plateChip, vehicleOf } from './marks.js';
import { word } from './words.js';

const most = 12;

// showNotices draws the newest notices. Those that are new to the list light up once.
export function showNotices(state) {
  const place = find('#notices');
  if (!state.viewer?.account) return show(place, empty(word('notices.anonymous')));
  const hint = following(state.viewer) ? word('notices.empty') : word('notices.notFollowing');
  if (state.notices.length === 0) return show(place, empty(hint));
  show(place, el('ol', { class: 'notices' }, state.notices.slice(0, most).map((n) => row(n, state))));
  state.fresh.clear();
}

function following(viewer) {
  return viewer.tier === 'FOLLOWED' || viewer.tier === 'VERIFIED';
}

// announce tells the newest notice to those who listen rather than look.
export function announce(notice) {
  const parts = [word(`kind.${notice.kind}`), notice.plate, notice.lotName, instant(notice.occurredAt, notice.occurredAtPrecision)];
  find('#announcement').textContent = parts.filter(Boolean).join(' ');
}

const arrows = { ENTERED: '↘', EXITED: '↗', BOUND_BY_ANOTHER: '!', EVICTED: '!' };

function row(notice, { fresh, viewer }) {
  const vehicle = vehicleOf(notice.plate, viewer.vehicles);
  return el('li', { class: `notice ${notice.kind.toLowerCase()}${fresh.has(notice.id) ? ' is-new' : ''}` },
    el('span', { class: 'notice-mark', 'aria-hidden': 'true' }, arrows[notice.kind] ?? '·'),
    el('div', { class: 'notice-body' },
      el('p', {}, el('strong', {}, word(`kind.${notice.kind}`)), ' ', lotName(notice)),
      el('p', { class: 'notice-when' }, plateChip(notice.plate, vehicle?.plateColor), vehicle?.nickname, moment(notice.occurredAt, notice.occurredAtPrecision))),
    notice.feeFen !== null && el('span', { class: 'notice-fee number' }, money(notice.feeFen)));
}

// showLink says how the line to the server stands.
export function showLink(link) {
  const pill = find('#link-state');
  pill.textContent = word(`link.${link}`);
  pill.dataset.state = link;
}

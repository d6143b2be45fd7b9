import { el, find, show } from './dom.js';
import { money } from './format.js';
import { empty, lotName, moment, plateChip, stayLength } from './marks.js';
import { word } from './words.js';

// showHistory draws the stays as a table, which folds into cards on narrow screens.
export function showHistory(state, more) {
  const place = find('#history');
  if (!state.viewer?.account) return show(place, empty(word('history.anonymous')));
  if (state.stays.length === 0) return show(place, empty(word('history.empty')));
  show(place,
    el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'history-title' },
      el('table', {}, heads(), el('tbody', {}, state.stays.map(row)))),
    state.moreStays && el('div', { class: 'row end more' }, el('button', { type: 'button', class: 'quiet', onclick: more }, word('history.more'))));
}

const columns = ['plate', 'column.lot', 'column.entered', 'column.exited', 'column.duration', 'column.fee', 'column.state'];

function heads() {
  return el('thead', {}, el('tr', {}, columns.map((c) => el('th', { scope: 'col', class: numeric(c) }, word(c)))));
}

const numeric = (column) => (column === 'column.fee' || column === 'column.duration' ? 'numeric' : null);

function row(stay) {
  const cells = [
    [el('span', { class: 'plate-cell' }, plateChip(stay.plate, stay.vehicle?.plateColor), el('small', {}, stay.vehicle?.nickname ?? ''))],
    [lotName(stay)],
    [moment(stay.enteredAt, stay.enteredAtPrecision)],
    [moment(stay.exitedAt, stay.exitedAtPrecision)],
    [stayLength(stay)],
    [el('strong', { class: 'number' }, money(stay.feeFen))],
    [el('span', { class: `tag state-${stay.state.toLowerCase()}` }, word(`state.${stay.state}`))],
  ];
  return el('tr', {}, cells.map((cell, i) => el('td', { data: { label: word(columns[i]) }, class: numeric(columns[i]) }, cell)));
}

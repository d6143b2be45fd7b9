import { el } from './dom.js';
import { instant, length } from './format.js';
import { word } from './words.js';

// Small things that several parts of the page show: plates, and values that may be masked.

// masked marks a value of which something is hidden, and says what.
export function masked(text, how) {
  const what = `${word('masked.sample')}: ${word(how)}`;
  return el('span', { class: 'masked', title: what }, text, el('span', { class: 'hidden-text' }, ` (${what})`));
}

const colours = { BLUE: 'blue', GREEN: 'green', YELLOW: 'yellow', YELLOW_GREEN: 'yellow-green', BLACK: 'black', WHITE: 'white' };

// plateChip draws a plate in the colours of a plate. Without a known colour, its length tells.
export function plateChip(plate, colour) {
  const implied = [...plate].length === 8 ? 'GREEN' : 'BLUE';
  const look = colours[colour ?? implied] ?? 'blue';
  const characters = [...plate];
  const hidden = characters.includes('*');
  const shown = hidden ? characters.map((c) => (c === '*' ? '•' : c)) : characters;
  const head = shown.slice(0, 2).join('');
  const rest = shown.slice(2).join('');
  const title = hidden ? `${word('masked.sample')}: ${word('masked.plate')}` : null;
  return el('span', { class: `plate ${look}${hidden ? ' is-masked' : ''}`, title, 'aria-label': plate, role: 'img' },
    el('span', { class: 'plate-head' }, head), el('span', { class: 'plate-dot', 'aria-hidden': 'true' }, '·'), el('span', {}, rest));
}

// vehicleOf finds the one vehicle that a record's plate, masked or not, can stand for. What a mask leaves
// are two characters at either end; where two vehicles share them, nobody is named.
export function vehicleOf(plate, vehicles) {
  const ends = (text) => [...text].slice(0, 2).join('') + [...text].slice(-2).join('');
  const meant = vehicles.filter((v) => (plate.includes('*') ? ends(v.plate) === ends(plate) : v.plate === plate));
  return meant.length === 1 ? meant[0] : null;
}

// lotName shows a lot's name and how much of it that is.
export function lotName(record) {
  if (!record.lotName) return null;
  switch (record.nameVisibility) {
    case 'HALF':
      return masked(record.lotName, 'masked.name');
    case 'FULL_MASK':
      return masked(record.lotName, 'masked.fullName');
    default:
      return el('span', {}, record.lotName);
  }
}

// moment shows an instant and how exact it is.
export function moment(text, precision) {
  if (!text) return el('span', { class: 'nothing' }, '—');
  const shown = el('time', { datetime: text }, instant(text, precision));
  return precision === 'PART_OF_DAY' ? masked(shown, 'masked.time') : shown;
}

// stayLength shows how long a stay was. What was rounded goes with the instants that were.
export function stayLength(record) {
  const rounded = record.enteredAtPrecision === 'PART_OF_DAY';
  const text = length(record.durationMinutes, rounded);
  return rounded ? masked(text, 'masked.duration') : el('span', {}, text);
}

export function empty(text) {
  return el('p', { class: 'empty' }, text);
}

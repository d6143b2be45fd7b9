import { el, find, show } from './dom.js';
import { length } from './format.js';
import { masked, plateChip } from './marks.js';
import { word } from './words.js';

// One made-up stay as each viewer would see it: the rule of the contract in one picture.
const clear = { plate: '粤B7E26C', lot: '深圳市民中心停车场', entered: '08:17', length: 46 };

// showSpecimen draws it and marks the viewer's own line.
export function showSpecimen(viewer) {
  show(find('#specimen'),
    el('p', { class: 'hint' }, word('specimen.intro')),
    el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'specimen-title' },
      el('table', { class: 'specimen' },
        el('thead', {}, el('tr', {}, ['specimen.who', 'plate', 'column.lot', 'column.entered', 'column.duration', 'specimen.lotObject', 'column.fee']
          .map((c) => el('th', { scope: 'col' }, word(c))))),
        el('tbody', {}, sights().map((s) => line(s, s.of.includes(viewer?.tier)))))));
}

function sights() {
  const part = masked(word('part.6'), 'masked.time');
  const hours = masked(length(60, true), 'masked.duration');
  const hidden = () => el('span', { class: 'nothing' }, word('masked.null'));
  const fee = () => el('strong', { class: 'number' }, '¥5.00');
  return [
    { who: 'specimen.verified', of: ['VERIFIED'], cells: [
      plateChip(clear.plate), clear.lot, clear.entered, length(clear.length, false), word('specimen.shown'), fee()] },
    { who: 'specimen.bound', of: ['PLATE_BOUND', 'FOLLOWED'], cells: [
      plateChip('粤B***6C'), masked('深圳***停车场', 'masked.name'), part, hours, hidden(), fee()] },
    { who: 'specimen.full', of: [], cells: [
      plateChip(clear.plate), masked('捷停车智慧停车场', 'masked.fullName'), clear.entered, length(clear.length, false), hidden(), fee()] },
    { who: 'specimen.stranger', of: ['ANONYMOUS', 'REGISTERED'], cells: [
      hidden(), hidden(), hidden(), hidden(), hidden(), hidden()] },
  ];
}

function line(sight, here) {
  return el('tr', { class: here ? 'is-here' : null },
    el('th', { scope: 'row' }, word(sight.who), here && el('small', { class: 'tag good' }, word('specimen.fromHere'))),
    sight.cells.map((c) => el('td', {}, c)));
}

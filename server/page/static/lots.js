import { el, find, show, svg } from './dom.js';
import { empty } from './marks.js';
import { word } from './words.js';

// showLots draws the lots by city: those of a city with several on a sketch by their coordinates, and
// every lot as a line with its display of free bays.
export function showLots(lots, more) {
  const place = find('#lots');
  const open = new Set([...place.querySelectorAll('details[open]')].map((d) => d.dataset.code));
  if (lots.length === 0) return show(place, empty(word('lots.empty')));
  show(place,
    el('div', { class: 'cities' }, byCity(lots).map(([city, members]) => cityCard(city, members, open))),
    more && el('p', { class: 'hint' }, word('lots.more', { n: lots.length })));
}

function byCity(lots) {
  const cities = new Map();
  for (const lot of lots) cities.set(lot.city, [...(cities.get(lot.city) ?? []), lot]);
  return [...cities].sort((a, b) => b[1].length - a[1].length);
}

function cityCard(city, lots, open) {
  return el('section', { class: 'city', 'aria-label': city },
    el('h3', {}, city),
    lots.filter((l) => l.position).length > 1 && sketch(lots),
    el('ul', { class: 'lots' }, lots.map((lot, i) => el('li', {}, lotLine(lot, i + 1, open.has(lot.code))))));
}

const width = 480;
const height = 150;
const margin = 28;

// sketch places the lots of a city relative to each other; north is up.
function sketch(lots) {
  const placed = lots.map((lot, i) => ({ lot, number: i + 1 })).filter(({ lot }) => lot.position);
  const across = scale(placed.map(({ lot }) => lot.position.longitude), margin, width - margin);
  const down = scale(placed.map(({ lot }) => lot.position.latitude), height - margin, margin);
  const spots = apart(placed.map(({ lot, number }) => ({
    lot, number, x: across(lot.position.longitude), y: down(lot.position.latitude),
  })));
  return svg('svg', { class: 'sketch', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': spots.map((s) => `${s.number} ${s.lot.name}`).join('; ') },
    grid(),
    spots.map((s) => svg('g', { class: `spot ${s.lot.vacancy.band.toLowerCase()}`, transform: `translate(${s.x} ${s.y})` },
      svg('circle', { r: 16 }), svg('text', { dy: '0.36em' }, String(s.number)))));
}

function scale(values, from, to) {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

const touching = 36;

// apart moves spots that would cover each other sideways: neighbours stay neighbours.
function apart(spots) {
  for (const [i, spot] of spots.entries()) {
    for (const other of spots.slice(0, i)) {
      if (Math.hypot(spot.x - other.x, spot.y - other.y) < touching) spot.x += spot.x + touching < width - margin / 2 ? touching : -touching;
    }
  }
  return spots;
}

function grid() {
  const lines = [];
  for (let x = 40; x < width; x += 40) lines.push(svg('line', { x1: x, y1: 0, x2: x, y2: height }));
  for (let y = 30; y < height; y += 30) lines.push(svg('line', { x1: 0, y1: y, x2: width, y2: y }));
  return svg('g', { class: 'grid', 'aria-hidden': 'true' }, lines);
}

function lotLine(lot, number, open) {
  return el('details', { class: 'lot', data: { code: lot.code }, open },
    el('summary', {},
      el('span', { class: 'lot-number', 'aria-hidden': 'true' }, String(number)),
      el('span', { class: 'lot-name' }, lot.name, el('small', {}, [lot.district, `${lot.capacity} ${word('lot.bays')}`].filter(Boolean).join(' · '))),
      display(lot.vacancy)),
    facts(lot));
}

// display is the sign at the entrance. Where one car would show, it tells the band only.
function display(vacancy) {
  const band = vacancy.band.toLowerCase();
  return el('span', { class: `led ${band}` },
    vacancy.bays !== null && el('span', { class: 'led-bays number' }, String(vacancy.bays)),
    el('span', { class: 'led-band' }, word(`band.${vacancy.band}`)));
}

function facts(lot) {
  const rows = [
    ['lot.address', lot.address],
    ['lot.tariff', lot.tariffText],
    ['lot.hours', lot.openingHours],
    ['lot.height', lot.maxHeightCentimetres && `${(lot.maxHeightCentimetres / 100).toFixed(1)} m`],
    ['lot.ev', lot.evBays],
    ['lot.accessible', lot.accessibleBays],
    ['lot.entrances', lot.entrances.map((e) => [e.name, e.address].filter(Boolean).join('，')).join('；')],
    ['lot.picture', lot.pictures.map((p) => p.altText).join('；')],
  ].filter(([, value]) => value);
  return el('dl', { class: 'lot-facts' },
    !lot.barrier && el('div', {}, el('dd', {}, el('span', { class: 'tag' }, word('lot.noBarrier')))),
    rows.map(([name, value]) => el('div', {}, el('dt', {}, word(name)), el('dd', {}, String(value)))));
}

// showLotChoice fills the list of the quote form and keeps what was chosen.
export function showLotChoice(lots) {
  const select = find('#quote select[name=lotCode]');
  const chosen = select.value;
  show(select, lots.map((lot) => el('option', { value: lot.code }, `${lot.city} · ${lot.name}`)));
  if (chosen) select.value = chosen;
}

// showLotsState says how fresh the list is.
export function showLotsState(state) {
  const pill = find('#lots-state');
  pill.textContent = word(`lots.${state}`);
  pill.dataset.state = state;
}

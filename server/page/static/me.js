import { el, find, show } from './dom.js';
import { empty, plateChip } from './marks.js';
import { word } from './words.js';

// showMe writes who the viewer is, what comes next and which vehicles are bound.
export function showMe(viewer, unbind) {
  const place = find('#me');
  find('#bind').hidden = !viewer?.account;
  if (!viewer?.account) {
    show(place, empty(word('me.anonymous')));
    return;
  }
  show(place,
    el('dl', { class: 'facts' },
      fact('me.tier', el('strong', {}, word(`tier.${viewer.tier}`))),
      fact('me.next', viewer.nextStep ? word(`next.${viewer.nextStep}`) : word('me.top')),
      fact('me.mobile', el('span', { class: 'number' }, viewer.account.mobile)),
      fact('me.follows', viewer.followedChannels.map((c) => word(`channel.${c}`)).join('、') || word('me.none'))),
    el('h3', {}, word('me.vehicles')),
    viewer.vehicles.length === 0
      ? empty(word('me.noVehicles'))
      : el('ul', { class: 'vehicles' }, viewer.vehicles.map((v) => vehicleRow(v, unbind))));
}

function fact(name, value) {
  return el('div', {}, el('dt', {}, word(name)), el('dd', {}, value));
}

function vehicleRow(vehicle, unbind) {
  return el('li', {},
    plateChip(vehicle.plate, vehicle.plateColor),
    el('span', { class: 'vehicle-name' }, vehicle.nickname ?? ''),
    el('span', { class: `tag ${vehicle.verified ? 'good' : ''}` }, word(vehicle.verified ? 'vehicle.verified' : 'vehicle.unverified')),
    el('button', {
      type: 'button', class: 'quiet', onclick: () => unbind(vehicle.id),
      'aria-label': `${word('vehicle.unbind')} ${vehicle.plate}`,
    }, word('vehicle.unbind')));
}

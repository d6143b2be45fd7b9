import { el, find } from './dom.js';
import { second, word } from './words.js';

export const tiers = ['ANONYMOUS', 'REGISTERED', 'PLATE_BOUND', 'FOLLOWED', 'VERIFIED'];

// showTiers draws the five steps; each is a button that signs in. The viewer's tier is the API's answer,
// not the button that was pressed.
export function showTiers(state, choose) {
  const group = find('#tiers');
  const focused = document.activeElement?.dataset?.tier;
  group.querySelectorAll('button').forEach((button) => button.remove());
  tiers.forEach((tier, i) => group.append(step(tier, i, state, choose)));
  if (focused) group.querySelector(`[data-tier="${focused}"]`)?.focus();
}

function step(tier, i, state, choose) {
  const account = state.accounts.find((a) => a.tier === tier);
  const current = state.viewer?.tier === tier;
  const reached = tiers.indexOf(state.viewer?.tier) >= i;
  return el('button', {
    type: 'button', class: `tier${current ? ' is-current' : ''}${reached ? ' is-reached' : ''}`,
    'aria-pressed': String(current), data: { tier },
    disabled: tier !== 'ANONYMOUS' && !account, 'aria-busy': String(state.signingIn === tier),
    onclick: () => choose(tier),
  },
  el('span', { class: 'tier-number', 'aria-hidden': 'true' }, String(i)),
  el('span', { class: 'tier-name' }, word(`tier.${tier}`), el('small', {}, second(`tier.${tier}`))),
  el('span', { class: 'tier-sees' }, word(`sees.${tier}`)),
  account && el('span', { class: 'tier-account' }, `${account.mobile} · ${word(`channel.${account.channel}`)}`),
  current && el('span', { class: 'tier-badge' }, word('tiers.current')));
}

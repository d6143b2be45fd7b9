import { done } from './api.js';
import { find } from './dom.js';
import * as documents from './documents.js';
import { clock, money } from './format.js';
import { askAsViewer } from './session.js';
import { word } from './words.js';

// handle answers a form with what act returns, or with the words of its refusal.
function handle(form, act) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const outcome = form.querySelector('.outcome');
    const button = form.querySelector('button[type=submit]');
    if (!form.reportValidity()) return;
    button.disabled = true;
    tell(outcome, word('busy'), '');
    try {
      tell(outcome, await act(new FormData(form)), 'good');
    } catch (error) {
      tell(outcome, error.words ?? word('error.OTHER', { code: error.name }), 'bad');
    } finally {
      button.disabled = false;
    }
  });
}

function tell(outcome, text, mood) {
  outcome.textContent = text;
  outcome.dataset.mood = mood;
}

// openForms makes the two forms work; changed is called after a plate was bound.
export function openForms(changed) {
  handle(find('#quote'), async (input) => {
    const { quote } = await askAsViewer(documents.quote, { plate: input.get('plate'), lotCode: input.get('lotCode') });
    const time = clock(quote.expiresAt);
    return quote.__typename === 'Payable'
      ? word('quote.payable', { amount: money(quote.amount), time })
      : word('quote.nothing', { time });
  });
  handle(find('#bind'), async (input) => {
    const { bindPlate } = await askAsViewer(documents.bindPlate, {
      plate: input.get('plate'), plateColor: input.get('plateColor') || null, trackConsent: input.get('trackConsent') === 'on',
    });
    done(bindPlate);
    find('#bind').reset();
    changed();
    return word('bind.done');
  });
}

// clearOutcomes takes away what was said to another viewer.
export function clearOutcomes() {
  for (const outcome of document.querySelectorAll('.outcome')) tell(outcome, '', '');
}

import { Refusal, ask, done, read, saysSignInEnded } from './api.js';
import * as documents from './documents.js';
import { word } from './words.js';

// A sign-in of each demo account is kept in the browser, so that going to and fro between tiers needs no
// new code: a mobile gets one a minute and ten a day.
const key = 'parkbff.sign-ins';
const pauseBetweenCodes = 60;

let kept = load();

function load() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fresh();
  } catch {
    return fresh();
  }
}

function fresh() {
  return { tier: 'ANONYMOUS', tokens: {} };
}

function save() {
  try {
    localStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // storage is switched off: sign-ins last as long as the page
  }
}

// chosenTier is the tier whose account is signed in; what the account has become since is the API's to say.
export const chosenTier = () => kept.tier;

export const accessToken = () => kept.tokens[kept.tier]?.access ?? '';

export function leave() {
  kept.tier = 'ANONYMOUS';
  save();
}

function forget(tier) {
  delete kept.tokens[tier];
  save();
}

function keep(tier, payload) {
  kept.tokens[tier] = { access: payload.accessToken, refresh: payload.refreshToken };
  kept.tier = tier;
  save();
}

// askAsViewer asks in the name of the chosen account, with a fresh token when the old one has ended. A
// sign-in that cannot be mended is forgotten, and the refusal thrown.
export async function askAsViewer(query, variables) {
  const tier = kept.tier;
  try {
    return await ask(query, variables, accessToken());
  } catch (error) {
    if (!saysSignInEnded(error) || !kept.tokens[tier]) throw error;
    await renew();
    return ask(query, variables, accessToken());
  }
}

let renewing = null;

// renew changes the refresh token for new tokens, once for all who ask at the same time.
export function renew() {
  renewing ??= change().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function change() {
  const tier = kept.tier;
  const mine = kept.tokens[tier]?.access;
  const stored = load();
  if (stored.tokens[tier] && stored.tokens[tier].access !== mine) {
    kept.tokens = stored.tokens; // another tab was first
    return;
  }
  try {
    const { refreshToken } = await ask(documents.refreshToken, { refreshToken: kept.tokens[tier].refresh });
    keep(tier, done(refreshToken));
  } catch (error) {
    if (error.code !== 'OFFLINE' && error.code !== 'UNAVAILABLE') {
      forget(tier);
      leave();
      throw new Refusal('UNAUTHENTICATED', 'the sign-in has ended');
    }
    throw error;
  }
}

// signIn signs in to a demo account: by the sign-in that is kept, by WeChat's word, or by a code from the
// sandbox. Progress is told in words. It ends early when cancelled answers true.
export async function signIn(account, tell, cancelled) {
  if ((await resumes(account.tier)) || (await vouched(account, tell))) return;
  let patience = 3;
  while (!cancelled()) {
    tell(word('signin.sending'));
    const wait = await sendCode(account.mobile);
    const sent = await read(`/dev/sms?mobile=${encodeURIComponent(account.mobile)}`);
    if (sent?.code && (await enter(account, sent.code, tell))) return;
    patience -= 1;
    if (patience === 0) throw new Refusal('CODE_INVALID', 'no code was good');
    await countDown(wait || pauseBetweenCodes, tell, cancelled);
  }
}

// vouched signs in as a mini-program does, by what WeChat's stand-in gives the demo person, who agrees to the
// link. It answers false for who comes another way, and where nobody stands in.
async function vouched(account, tell) {
  if (account.channel !== 'WECHAT_MINI') return false;
  const mobile = encodeURIComponent(account.mobile);
  const given = await read(`/dev/channel?channel=WECHAT_MINI&person=${mobile}&mobile=${mobile}`);
  if (!given?.code) return false;
  tell(`${word('signin.vouched')} · ${word('signin.checking')}`);
  const { loginWithChannel } = await ask(documents.loginWithChannel, { code: given.code, phone: { wechatCode: given.phoneCode } });
  keep(account.tier, done(loginWithChannel));
  return true;
}

async function resumes(tier) {
  if (!kept.tokens[tier]) return false;
  const before = kept.tier;
  kept.tier = tier;
  save();
  try {
    await askAsViewer(documents.viewer, { own: false });
    return true;
  } catch (error) {
    if (!saysSignInEnded(error)) throw error;
    forget(tier);
    kept.tier = before;
    save();
    return false;
  }
}

// sendCode answers 0 when a code was sent, else how many seconds to wait for another.
async function sendCode(mobile) {
  try {
    done((await ask(documents.sendLoginCode, { mobile })).sendLoginCode);
    return 0;
  } catch (error) {
    if (error.code !== 'RATE_LIMITED') throw error;
    return error.retryAfter || pauseBetweenCodes;
  }
}

// enter answers false for a code that is no longer good: one that somebody else has used.
async function enter(account, code, tell) {
  tell(`${word('signin.code', { code })} · ${word('signin.checking')}`);
  try {
    const { login } = await ask(documents.login, { mobile: account.mobile, code, channel: account.channel });
    keep(account.tier, done(login));
    return true;
  } catch (error) {
    if (error.code !== 'CODE_INVALID') throw error;
    return false;
  }
}

async function countDown(seconds, tell, cancelled) {
  for (let left = seconds; left > 0 && !cancelled(); left -= 1) {
    tell(word('signin.waiting', { n: left }));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

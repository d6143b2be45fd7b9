import { ask, done, read, saysSignInEnded } from './api.js';
import * as documents from './documents.js';
import { find } from './dom.js';
import { clearOutcomes, openForms } from './forms.js';
import { showHistory } from './history.js';
import { showLotChoice, showLots, showLotsState } from './lots.js';
import { showMe } from './me.js';
import { announce, showLink, showNotices } from './notices.js';
import * as session from './session.js';
import { NoticeStream } from './socket.js';
import { showSpecimen } from './specimen.js';
import { showTiers } from './tiers.js';
import { currentLanguage, relabel, toggleLanguage, word } from './words.js';

const lotsShown = 50;
const lotsEvery = 30_000;
const mostNotices = 50;
const settle = 700; // several notices at once read the history once

const state = {
  accounts: [], viewer: null, signingIn: null,
  notices: [], fresh: new Set(), link: 'off',
  stays: [], moreStays: null,
  lots: [], moreLots: false, lotsState: 'loading',
};

let stream = null;
let turn = 0; // counts changes of viewer, so that late answers for the last one are dropped
let attempt = 0; // counts choices of a tier, so that the last one wins

function draw() {
  showTiers(state, choose);
  showMe(state.viewer, unbind);
  showNotices(state);
  showLink(state.link);
  showHistory(state, readMore);
  showSpecimen(state.viewer);
  drawLots();
}

function drawLots() {
  showLotsState(state.lotsState);
  if (state.lotsState !== 'loading') showLots(state.lots, state.moreLots);
  showLotChoice(state.lots);
}

const nodes = (connection) => connection?.edges.map((edge) => edge.node) ?? [];

// choose signs in as a tier, or leaves.
async function choose(tier) {
  attempt += 1;
  const mine = attempt;
  const overtaken = () => mine !== attempt;
  const tell = (text) => overtaken() || say(text);
  state.signingIn = tier;
  showTiers(state, choose);
  try {
    if (tier === 'ANONYMOUS') session.leave();
    else await session.signIn(state.accounts.find((a) => a.tier === tier), tell, overtaken);
    if (overtaken()) return;
    state.signingIn = null;
    say('');
    await arrive();
  } catch (error) {
    tell(wordsOf(error));
  } finally {
    if (!overtaken()) {
      state.signingIn = null;
      showTiers(state, choose);
    }
  }
}

function say(text) {
  find('#sign-in-state').textContent = text;
}

const wordsOf = (error) => error.words ?? word('error.OTHER', { code: error.name });

// arrive shows everything anew for whoever is signed in now, and listens for their notices. It listens
// first and reads then, so that no notice falls between the two.
async function arrive() {
  turn += 1;
  stream?.close();
  stream = null;
  Object.assign(state, { viewer: null, notices: [], stays: [], moreStays: null, link: 'off' });
  clearOutcomes();
  if (session.accessToken()) stream = listen();
  await readViewer();
}

async function readViewer() {
  const mine = turn;
  try {
    const { viewer } = await session.askAsViewer(documents.viewer, { own: Boolean(session.accessToken()) });
    if (mine !== turn) return;
    if (state.viewer === null) say('');
    state.viewer = viewer;
    state.notices = merge(state.notices, nodes(viewer.notices));
    takeStays(viewer.sessions);
    draw();
  } catch (error) {
    if (mine !== turn) return;
    if (saysSignInEnded(error) && session.chosenTier() !== 'ANONYMOUS') {
      session.leave();
      await arrive();
      return;
    }
    say(wordsOf(error));
    draw();
    setTimeout(() => mine === turn && readViewer(), 5000);
  }
}

function takeStays(connection) {
  state.stays = nodes(connection);
  state.moreStays = connection?.pageInfo.hasNextPage ? connection.pageInfo.endCursor : null;
}

async function readMore() {
  const mine = turn;
  const { viewer } = await session.askAsViewer(documents.sessions, { first: 20, after: state.moreStays });
  if (mine !== turn) return;
  const earlier = state.stays;
  takeStays(viewer.sessions);
  state.stays = [...earlier, ...state.stays];
  showHistory(state, readMore);
}

// merge puts newer notices before older ones, each once.
function merge(newer, older) {
  const seen = new Set(newer.map((n) => n.id));
  return [...newer, ...older.filter((n) => !seen.has(n.id))].slice(0, mostNotices);
}

let rereading = null;

function listen() {
  const mine = turn;
  const current = (act) => (...args) => mine === turn && act(...args);
  return new NoticeStream({
    token: session.accessToken,
    renew: session.renew,
    onState: current((link) => {
      state.link = link;
      showLink(link);
    }),
    onNotice: current((notice) => {
      state.fresh.add(notice.id);
      state.notices = merge([notice], state.notices);
      showNotices(state);
      announce(notice);
      rereading ??= setTimeout(reread, settle);
    }),
    onResync: current(() => readViewer()),
  });
}

// reread reads the newest stays after something has happened. Older ones that were asked for stay.
async function reread() {
  rereading = null;
  const mine = turn;
  try {
    const { viewer } = await session.askAsViewer(documents.sessions, { first: 10, after: null });
    if (mine !== turn) return;
    const newest = nodes(viewer.sessions);
    const known = new Set(newest.map((s) => s.id));
    state.stays = [...newest, ...state.stays.filter((s) => !known.has(s.id))];
    showHistory(state, readMore);
  } catch {
    // the next notice reads them again
  }
}

async function unbind(vehicleId) {
  clearOutcomes();
  try {
    done((await session.askAsViewer(documents.unbindPlate, { vehicleId })).unbindPlate);
  } catch (error) {
    say(wordsOf(error));
  }
  await readViewer();
}

async function readLots() {
  try {
    const { lots } = await ask(documents.lots, { first: lotsShown });
    state.lots = nodes(lots);
    state.moreLots = lots.pageInfo.hasNextPage;
    state.lotsState = 'updated';
  } catch {
    state.lotsState = 'failed';
  }
  drawLots();
}

function labelLanguage() {
  find('#language').textContent = currentLanguage() === 'zh' ? 'English' : '中文';
  find('#language').lang = currentLanguage() === 'zh' ? 'en' : 'zh-CN';
}

async function start() {
  relabel(document);
  labelLanguage();
  find('#language').addEventListener('click', () => {
    toggleLanguage();
    relabel(document);
    labelLanguage();
    draw();
  });
  openForms(readViewer);
  draw();
  readLots();
  setInterval(() => document.hidden || readLots(), lotsEvery);
  state.accounts = (await read('/dev/demo')) ?? [];
  if (state.accounts.length === 0) say(word('signin.none'));
  await arrive();
}

start();

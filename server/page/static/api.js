import { hasWord, word } from './words.js';

// Refusal is an answer of the API that says no. Code is stable; retryAfter is in seconds, or 0.
export class Refusal extends Error {
  constructor(code, message, extensions = {}) {
    super(message);
    this.code = code;
    this.reason = extensions.reason ?? '';
    this.retryAfter = Number(extensions.retryAfter ?? 0);
  }

  // words answers what to tell a person.
  get words() {
    return hasWord(`error.${this.code}`) ? word(`error.${this.code}`) : word('error.OTHER', { code: this.code });
  }
}

const endedSignIn = ['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'TOKEN_INVALID', 'SIGN_IN_ENDED'];

// saysSignInEnded tells refusals of the token from all others.
export function saysSignInEnded(error) {
  return error instanceof Refusal && endedSignIn.includes(error.code);
}

// ask sends one operation and answers its data. Errors: Refusal, with code OFFLINE when there is no answer.
export async function ask(query, variables = {}, accessToken = '') {
  const headers = { 'Content-Type': 'application/json' };
  if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
  const answer = await send(new Request('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) }));
  const first = answer.errors?.[0];
  if (first) throw new Refusal(first.extensions?.code ?? 'OTHER', first.message, first.extensions);
  return answer.data;
}

async function send(request) {
  try {
    const response = await fetch(request);
    return await response.json();
  } catch {
    throw new Refusal('OFFLINE', 'no answer');
  }
}

// done answers a payload, and throws the refusal that stands in it.
export function done(payload) {
  const first = payload?.userErrors?.[0];
  if (first) throw new Refusal(first.code, first.message);
  return payload;
}

// read gets a JSON document of the development server; null where there is none.
export async function read(address) {
  try {
    const response = await fetch(address);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

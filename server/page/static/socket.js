import { noticeReceived } from './documents.js';

// The protocol is graphql-transport-ws (PROTOCOL.md of enisdenjo/graphql-ws).
const protocol = 'graphql-transport-ws';
const expired = 4403; // come back with a fresh token
const hopeless = 4401; // do not come back
const shortest = 500;
const longest = 15_000;

// NoticeStream receives notices for as long as it is open. It comes back by itself after a broken line
// and goes on after the last notice it received, so none is missed and none comes twice.
//
//   token()     answers the access token
//   renew()     fetches a fresh one
//   onNotice(n) is called for each notice
//   onState(s)  is told 'connecting', 'live', 'lost' or 'ended'
//   onResync()  is called when so much was missed that it must be read anew
export class NoticeStream {
  constructor(handlers) {
    this.handlers = handlers;
    this.cursor = null;
    this.pause = shortest;
    this.closed = false;
    this.online = () => this.hurry();
    addEventListener('online', this.online);
    this.connect();
  }

  close() {
    this.closed = true;
    removeEventListener('online', this.online);
    clearTimeout(this.timer);
    this.socket?.close(1000);
  }

  hurry() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.pause = shortest;
    this.connect();
  }

  connect() {
    this.timer = null;
    this.handlers.onState('connecting');
    const address = new URL('/graphql', location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address, protocol);
    this.socket = socket;
    socket.onopen = () => this.send({ type: 'connection_init', payload: { Authorization: `Bearer ${this.handlers.token()}` } });
    socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    socket.onclose = (event) => this.lost(event.code);
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  receive(message) {
    if (this.closed) return;
    switch (message.type) {
      case 'connection_ack':
        this.pause = shortest;
        this.send({ type: 'subscribe', id: 'notices', payload: { query: noticeReceived, variables: { after: this.cursor } } });
        this.handlers.onState('live');
        break;
      case 'ping':
        this.send({ type: 'pong', payload: message.payload });
        if (message.payload?.tokenExpiresIn !== undefined) this.renewInBand();
        break;
      case 'next':
        this.next(message.payload);
        break;
      case 'error':
        this.refused(message.payload);
        break;
      case 'complete':
        this.socket.close(1000);
        break;
    }
  }

  next({ data, errors }) {
    const event = data?.noticeReceived;
    if (!event) {
      if (errors) this.refused(errors);
      return;
    }
    this.cursor = event.cursor;
    this.handlers.onNotice(event.notice);
  }

  refused(errors) {
    const code = errors?.[0]?.extensions?.code;
    if (code === 'RESYNC_REQUIRED') {
      this.cursor = null;
      this.handlers.onResync();
    }
    this.socket.close(1000);
  }

  // renewInBand hands the server a fresh token before the old one ends, so that the line need not break.
  async renewInBand() {
    try {
      await this.handlers.renew();
      this.send({ type: 'ping', payload: { authorization: `Bearer ${this.handlers.token()}` } });
    } catch {
      // the server closes the line when the token ends, and lost() deals with that
    }
  }

  async lost(code) {
    if (this.closed) return;
    if (code === hopeless) {
      this.handlers.onState('ended');
      return;
    }
    this.handlers.onState('lost');
    if (code === expired && !(await this.renewed())) return;
    if (this.closed) return;
    const wait = this.pause * (0.5 + Math.random());
    this.pause = Math.min(this.pause * 2, longest);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  async renewed() {
    try {
      await this.handlers.renew();
      return true;
    } catch (error) {
      if (error.code === 'OFFLINE' || error.code === 'UNAVAILABLE') return true;
      this.handlers.onState('ended');
      return false;
    }
  }
}

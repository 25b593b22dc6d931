// Drives many clients of npm's ws and socket.io-client for the tests, by one JSON object per line; it ends when its input does.
//   {"do":"open","client":1,"library":"ws","url":"ws://...","protocols":[],"headers":{}}
//   {"do":"open","client":2,"library":"socket.io","url":"http://...","options":{...}}
//   {"do":"send","client":1,"text":"..."}
//   {"do":"emit","client":2,"event":"...","arguments":[...],"ack":"any name"}
//   {"do":"pause" | "resume" | "close" | "break","client":1}
// It reports {"client":1,"what":"open" | "frame" (text) | "event" (event, arguments) | "ack" (ack, arguments) | "transport" (name) | "close" (code, reason)}.
// A handshake that is refused is a close, with the status where there is one.
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

const clients = new Map();
const tell = report => process.stdout.write(`${JSON.stringify(report)}\n`);

class WsClient {
  constructor({ client, url, protocols, headers }) {
    this.socket = new WebSocket(url, protocols ?? [], { headers, perMessageDeflate: false });
    this.socket.on('open', () => tell({ client, what: 'open' }));
    this.socket.on('message', data => tell({ client, what: 'frame', text: data.toString() }));
    this.socket.on('error', error => { this.error = error; });
    this.socket.on('close', (code, reason) => tell({ client, what: 'close', code, reason: reason.toString() || (this.error?.message ?? '') }));
  }

  send({ text }) { this.socket.send(text); }
  pause() { this.socket.pause(); }
  resume() { this.socket.resume(); }
  close() { this.socket.resume(); this.socket.close(1000); }
  break() { this.socket.terminate(); }
}

class SocketIoClient {
  constructor({ client, url, options }) {
    this.client = client;
    this.socket = io(url, { forceNew: true, reconnection: false, ...options });
    const engine = this.socket.io.engine;
    engine.on('open', () => tell({ client, what: 'transport', name: engine.transport.name }));
    engine.on('upgrade', transport => tell({ client, what: 'transport', name: transport.name }));
    this.socket.on('connect', () => tell({ client, what: 'open' }));
    this.socket.onAny((event, ...args) => tell({ client, what: 'event', event, arguments: args }));
    this.socket.on('connect_error', error => tell({ client, what: 'close', code: error.context?.status ?? 1006, reason: `connect_error: ${error.message}` }));
    this.socket.on('disconnect', (reason, details) => tell({ client, what: 'close', code: details?.context?.code ?? details?.context?.status ?? 1006, reason }));
  }

  emit({ event, arguments: args, ack }) {
    const answers = ack === undefined ? [] : [(...answer) => tell({ client: this.client, what: 'ack', ack, arguments: answer })];
    this.socket.emit(event, ...args, ...answers);
  }

  // One that polls stops after the answer that it is waiting for.
  pause() {
    const transport = this.socket.io.engine.transport;
    if (transport.ws) transport.ws.pause();
    else transport.pause(() => {});
  }

  resume() {
    const transport = this.socket.io.engine.transport;
    if (transport.ws) {
      transport.ws.resume();
    } else if (transport.readyState === 'paused') {
      transport.readyState = 'open';
      transport._poll();
    } else if (transport.readyState === 'pausing') {
      transport.once('pollComplete', () => setImmediate(() => this.resume()));
    }
  }

  close() { this.socket.disconnect(); }

  break() {
    const transport = this.socket.io.engine.transport;
    if (transport.ws) transport.ws.terminate();
    else transport.onError('broken off');
  }
}

createInterface({ input: process.stdin }).on('line', line => {
  const command = JSON.parse(line);
  if (command.do === 'open') {
    clients.set(command.client, command.library === 'ws' ? new WsClient(command) : new SocketIoClient(command));
  } else {
    clients.get(command.client)[command.do](command);
  }
}).on('close', () => process.exit(0));

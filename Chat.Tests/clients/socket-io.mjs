// Plays a client of socket.io-client, or of engine.io-client, against a server and prints what it saw as one JSON object.
//   node socket-io.mjs socket|engine URL TRANSPORTS      transports with commas between, or "default"
import { Socket as EngineSocket } from 'engine.io-client';
import { io } from 'socket.io-client';

const [what, url, names] = process.argv.slice(2);
const transports = names === 'default' ? undefined : names.split(',');
const patience = 30_000;

function once(emitter, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No ${event}`)), patience);
    emitter.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

// Buffers are shown as their bytes.
const shown = value => JSON.parse(JSON.stringify(value, (_, v) => (v?.type === 'Buffer' ? { bytes: v.data } : v)));

async function playSocketIo() {
  const seen = {};
  const socket = io(url, { transports, reconnectionDelay: 10, randomizationFactor: 0, auth: { token: '123', name: '지수' } });
  const auth = once(socket, 'auth');
  await once(socket, 'connect');
  seen.auth = (await auth)[0];

  // Sent at once, so that polling, probe and WebSocket each carry some of it.
  const count = 500;
  const echoed = [];
  const all = new Promise(resolve => socket.on('message-back', n => {
    echoed.push(n);
    if (echoed.length === count) resolve();
  }));
  for (let i = 0; i < count; i++) {
    socket.emit('message', i);
    if (i % 50 === 0) await new Promise(resolve => setTimeout(resolve, 1));
  }
  await all;
  seen.inOrder = echoed.every((n, i) => n === i);
  if (!transports && socket.io.engine.transport.name !== 'websocket') await once(socket.io.engine, 'upgrade');
  seen.transport = socket.io.engine.transport.name;

  socket.off('message-back');
  const back = once(socket, 'message-back');
  socket.emit('message', '한글 <b>', { deep: [Buffer.from([1, 2, 3])] }, Buffer.from([255]), null);
  seen.back = shown(await back);
  seen.ack = shown(await socket.timeout(patience).emitWithAck('message-with-ack', 'only one', 1.5));
  seen.binaryAck = shown(await new Promise(resolve => socket.emit('message-with-ack', Buffer.from([9]), (...args) => resolve(args))));

  const custom = socket.io.socket('/custom');
  await once(custom, 'connect');
  seen.ownId = custom.id !== socket.id;
  seen.refused = (await once(socket.io.socket('/random'), 'connect_error'))[0].message;
  const dismissed = once(custom, 'disconnect');
  custom.emit('dismiss me');
  seen.dismissed = (await dismissed)[0];

  const dropped = once(socket, 'disconnect');
  const connected = once(socket, 'connect');
  socket.emit('drop me');
  seen.dropped = (await dropped)[0];
  await connected;
  seen.backAgain = shown(await socket.timeout(patience).emitWithAck('message-with-ack', 'again'));
  socket.disconnect();
  return seen;
}

async function playEngineIo() {
  const socket = new EngineSocket(url, { path: '/engine.io/', transports: transports ?? ['polling', 'websocket'] });
  const upgraded = transports ? null : once(socket, 'upgrade');
  await once(socket, 'open');
  const seen = { messages: [] };
  const all = new Promise(resolve => socket.on('message', data => {
    seen.messages.push(shown(data));
    if (seen.messages.length === 3) resolve();
  }));
  socket.send('한글');
  socket.send(Buffer.from([1, 2]));
  socket.send('x'.repeat(100_000));
  await all;
  seen.messages[2] = seen.messages[2].length;
  await upgraded;
  seen.transport = socket.transport.name;
  const closed = once(socket, 'close');
  socket.close();
  seen.closed = (await closed)[0];
  return seen;
}

console.log(JSON.stringify(await (what === 'socket' ? playSocketIo() : playEngineIo())));

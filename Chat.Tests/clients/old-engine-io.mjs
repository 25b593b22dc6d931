// The handshake of a client of Engine.IO 3 on a WebSocket: prints the status and body with which it is refused.
//   node old-engine-io.mjs URL
import WebSocket from 'ws';

const socket = new WebSocket(`${process.argv[2].replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`);
socket.on('unexpected-response', async (_, response) => {
  let body = '';
  for await (const chunk of response) body += chunk;
  console.log(`${response.statusCode} ${body}`);
  process.exit(0);
});
socket.on('open', () => {
  console.log('open');
  process.exit(1);
});

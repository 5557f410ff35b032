'use strict';

// A forward proxy that keeps all that it can read: what comes before a tunnel is open, and the bytes in it.

const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');

class RecordingProxy {
  /** @type {string[]} The first line of each request. */
  requests = [];
  /** @type {Buffer[]} */
  #heard = [];
  #server;

  /** @param {import('node:http').Server} server */
  constructor(server) {
    this.#server = server;
    server.on('connection', (socket) => socket.on('data', (/** @type {Buffer} */ data) => this.#heard.push(data)));
    server.on('connect', (request, socket) => {
      this.#note(request);
      const { hostname, port } = new URL(`http://${request.url}`);
      const peer = net.connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(peer).pipe(socket);
      });
      for (const [one, other] of [[socket, peer], [peer, socket]]) one?.on('error', () => other?.destroy());
    });
    server.on('request', (request, response) => {
      this.#note(request);
      response.writeHead(502).end();
    });
  }

  static async start() {
    const server = http.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RecordingProxy(server);
  }

  get url() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** All that it could read, of tunnels too. */
  get heard() {
    return Buffer.concat(this.#heard).toString('latin1');
  }

  forget() {
    this.requests = [];
    this.#heard = [];
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** @param {import('node:http').IncomingMessage} request */
  #note({ method, url, headers }) {
    this.requests.push(`${method} ${url}`);
    this.#heard.push(Buffer.from(JSON.stringify(headers)));
  }
}

module.exports = { RecordingProxy };

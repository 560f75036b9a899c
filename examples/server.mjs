// A small HTTP service inside one's own network: vectors and next events for other programs.
//
//   node examples/server.mjs [--model M.gguf] [--host 127.0.0.1] [--port 8080] [--max-bytes N]
//
//   POST /embed   JSON Lines of patients -> JSON Lines: {"patient", "time", "tokens", "truncated", "dropped", "representation"}
//   POST /next    JSON Lines of patients -> JSON Lines: {"patient", "next": [{"code", "probability", ...}]}
//   GET  /health  {"model", "device"}
//
// A client that goes away stops its work. Requests of several clients share passes. No value of a patient is logged.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { ClmbrError, JsonlStream, loadModel, readPatientsJsonl } from 'clmbr';
import { demoModel } from './lib/demo.mjs';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8080' },
    'max-bytes': { type: 'string', default: String(64 * 1024 * 1024) },
  },
});
const maxBytes = Number(options['max-bytes']);
const model = await loadModel(options.model);

class RequestError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Patients of a request's body, one at a time. */
async function* patientsOf(request, stop) {
  const { signal } = stop;
  let bytes = 0;
  const onBytes = (count) => {
    bytes += count;
    if (bytes > maxBytes) stop.abort(new RequestError(413, `Expected at most ${maxBytes} bytes.`));
  };
  let number = 0;
  for await (const patient of readPatientsJsonl(request, { name: 'body', signal, onBytes })) {
    yield { id: number, ...patient };
    number++;
  }
}

const handlers = {
  async '/embed'(request, response, stop) {
    const writer = new JsonlStream(response);
    for await (const chunk of model.embedStream(patientsOf(request, stop), { signal: stop.signal }))
      await writer.append(chunk);
    await writer.commit();
  },
  async '/next'(request, response, stop) {
    for await (const patient of patientsOf(request, stop)) {
      const {
        patients: [{ id, next }],
      } = await model.evaluate([patient], { topK: 10, signal: stop.signal });
      response.write(`${JSON.stringify({ patient: String(id), next })}\n`);
    }
  },
};

/** 400 and 413 are the client's fault; what else happens is nothing that it should know. */
function refuse(response, error) {
  const status =
    error instanceof RequestError
      ? error.status
      : error instanceof ClmbrError && ['INVALID_INPUT', 'LOW_COVERAGE', 'CONTEXT_OVERFLOW'].includes(error.code)
        ? 400
        : 500;
  if (status === 500) console.error(`error: ${error instanceof ClmbrError ? error.code : error.name}`);
  // Rows that went out already cannot be taken back: the connection breaks instead of ending.
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify({ error: status === 500 ? 'internal error' : error.message })}\n`);
}

const server = createServer(async (request, response) => {
  const { socket } = request;
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'GET' && pathname === '/health') {
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ model: model.info.architecture, device: model.info.device })}\n`);
    return;
  }
  const handler = Object.hasOwn(handlers, pathname) ? handlers[pathname] : undefined;
  if (handler === undefined) return refuse(response, new RequestError(404, 'Expected POST /embed or POST /next.'));
  if (request.method !== 'POST') return refuse(response, new RequestError(405, 'Expected POST.'));
  if (Number(request.headers['content-length']) > maxBytes) {
    // Read to its end: a client may not listen before it has sent all.
    request.resume();
    await once(request, 'end');
    return refuse(response, new RequestError(413, `Expected at most ${maxBytes} bytes.`));
  }
  const stop = new AbortController();
  response.once('close', () => stop.abort());
  try {
    response.setHeader('content-type', 'application/x-ndjson');
    await handler(request, response, stop);
    response.end();
  } catch (error) {
    if (socket.destroyed) console.error('a client went away, its work was stopped');
    else refuse(response, error);
  }
});

server.listen(Number(options.port), options.host, () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => model.dispose());
    server.closeIdleConnections();
  });
}

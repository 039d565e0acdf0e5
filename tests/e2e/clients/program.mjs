// One command-line program that signs in with a client library, as its maker would write it:
//   node program.mjs LIBRARY CONFIGURATION.json   (issuer, client_id, pushed, device, keep, resource_server: {id, secret})
// Says {"url"}, or with the device grant {"url", "code"}, first and what came of it in the last line. LIBRARY is a module beside this one.
import { readFileSync } from 'node:fs';
import http from 'node:http';

const configuration = JSON.parse(readFileSync(process.argv[3], 'utf8'));
const { begin, beginDevice } = await import(`./${process.argv[2]}.mjs`);
const say = (object) => console.log(JSON.stringify(object));

/** The redirect URI, and a promise of the URL that the browser brings there. */
async function listen() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const answer = new Promise((resolve) => {
    server.on('request', (request, response) => {
      response.setHeader('Connection', 'close');
      if (!request.url.startsWith('/callback?')) return response.writeHead(404).end();
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><h1 id="done">Back in the program</h1>', () => resolve(new URL(request.url, base)));
    });
  });
  return { redirectUri: `${base}/callback`, answer, close: () => server.close() };
}

/** Without any library: what the server says to a request with these headers. */
async function status(headers) {
  const response = await fetch(`${configuration.issuer}/secured`, { headers });
  return { status: response.status, challenge: response.headers.get('www-authenticate'), cookies: response.headers.getSetCookie() };
}

/** By a browser that comes back to this machine. */
async function signIn(listener) {
  const flow = await begin(configuration, listener.redirectUri);
  say({ url: flow.url.href });
  const answer = await listener.answer;
  listener.close();
  return { flow, redeem: () => flow.redeem(answer) };
}

/** By a browser anywhere. */
async function signInByDevice() {
  const flow = await beginDevice(configuration);
  say({ url: flow.url, code: flow.code });
  return { flow, redeem: flow.redeem };
}

const { flow, redeem } = configuration.device ? await signInByDevice() : await signIn(await listen());
try {
  const tokens = await redeem();
  const token = tokens.access_token;
  const report = { tokens: { ...tokens, access_token: undefined }, session: await flow.get('/session', token) };
  report.asCookie = await status({ Cookie: `keyfob=${token}` });
  report.asBearer = await status({ Authorization: `Bearer ${token}` });
  report.introspection = await flow.introspect(token);
  if (configuration.keep) {
    report.token = token;
  } else {
    await flow.revoke(token);
    report.afterRevocation = await status({ Authorization: `Bearer ${token}` });
    report.introspectionAfter = await flow.introspect(token);
  }
  say(report);
} catch (error) {
  say({ error: error.error ?? String(error), cause: String(error.cause ?? '') });
}

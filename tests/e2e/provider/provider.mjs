// The certified OpenID provider `oidc-provider` on https, for the end-to-end tests: any login name is accepted.
//   node provider.mjs CONFIGURATION.json   (port, issuer, certificate_file, key_file, client_secret, redirect_uris)
import { readFileSync } from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

const configuration = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const provider = new Provider(configuration.issuer, {
  clients: [{
    client_id: 'keyfob',
    client_secret: configuration.client_secret,
    redirect_uris: configuration.redirect_uris,
    application_type: configuration.redirect_uris[0].startsWith('https:') ? 'web' : 'native', // native: http://127.0.0.1 is allowed
    token_endpoint_auth_method: 'client_secret_basic',
    response_types: ['code'],
    grant_types: ['authorization_code'],
    backchannel_logout_uri: configuration.backchannel_logout_uri,
    backchannel_logout_session_required: true,
  }],
  features: { backchannelLogout: { enabled: true } },
  fetch: (url, { dispatcher: _publicAddressesOnly, ...options }) => globalThis.fetch(url, options), // the tests are all on this machine
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} of the company`, email: `${id}@company.example`, email_verified: true }),
  }),
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
});
provider.on('server_error', (_context, error) => console.log('server_error', error.message));
provider.on('backchannel.success', () => console.log('logout told'));
provider.on('backchannel.error', (_context, error) => console.log('logout not told', error.message));
provider.on('grant.success', () => console.log('token issued'));
provider.on('grant.error', (_context, error) => console.log('token refused', error.message));

const server = https.createServer(
  { cert: readFileSync(configuration.certificate_file), key: readFileSync(configuration.key_file) },
  provider.callback(),
);
server.listen(configuration.port, '127.0.0.1', () => console.log('provider listening'));

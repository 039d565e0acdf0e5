// The one before, which many programs still have: it shares no code with oauth4webapi, as the newer one does.
import { Issuer, generators } from 'openid-client-5';

export async function begin({ issuer, client_id, resource_server }, redirectUri) {
  const server = await Issuer.discover(`${issuer}/.well-known/oauth-authorization-server`);
  const client = new server.Client({ client_id, token_endpoint_auth_method: 'none', redirect_uris: [redirectUri], response_types: ['code'] });
  const service = new server.Client({ client_id: resource_server.id, client_secret: resource_server.secret });
  const code_verifier = generators.codeVerifier();
  const state = generators.state();
  return {
    url: new URL(client.authorizationUrl({ scope: '', state, code_challenge: generators.codeChallenge(code_verifier), code_challenge_method: 'S256' })),
    redeem: (answer) => client.oauthCallback(redirectUri, client.callbackParams(answer.href), { state, code_verifier, response_type: 'code' }),
    get: async (path, token) => JSON.parse((await client.requestResource(new URL(path, issuer), token)).body),
    introspect: (token) => service.introspect(token),
    revoke: (token) => client.revoke(token),
  };
}

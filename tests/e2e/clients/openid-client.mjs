import * as openid from 'openid-client';

const options = { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] }; // plain http on loopback

const withToken = (issuer, client, service) => ({
  get: async (path, token) => (await openid.fetchProtectedResource(client, token, new URL(path, issuer), 'GET')).json(),
  introspect: (token) => openid.tokenIntrospection(service, token),
  revoke: (token) => openid.tokenRevocation(client, token),
});

export async function beginDevice({ issuer, client_id, resource_server }) {
  const client = await openid.discovery(new URL(issuer), client_id, undefined, openid.None(), options);
  const service = await openid.discovery(new URL(issuer), resource_server.id, undefined, openid.ClientSecretPost(resource_server.secret), options);
  const device = await openid.initiateDeviceAuthorization(client, {});
  return {
    url: device.verification_uri,
    code: device.user_code,
    redeem: () => openid.pollDeviceAuthorizationGrant(client, device),
    ...withToken(issuer, client, service),
  };
}

export async function begin({ issuer, client_id, pushed, resource_server }, redirectUri) {
  const client = await openid.discovery(new URL(issuer), client_id, undefined, openid.None(), options);
  const service = await openid.discovery(new URL(issuer), resource_server.id, undefined, openid.ClientSecretPost(resource_server.secret), options);
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const parameters = {
    redirect_uri: redirectUri,
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  };
  return {
    url: pushed ? await openid.buildAuthorizationUrlWithPAR(client, parameters) : openid.buildAuthorizationUrl(client, parameters),
    redeem: (answer) => openid.authorizationCodeGrant(client, answer, { pkceCodeVerifier, expectedState }),
    ...withToken(issuer, client, service),
  };
}

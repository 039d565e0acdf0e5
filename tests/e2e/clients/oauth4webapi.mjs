import * as oauth from 'oauth4webapi';

const options = { [oauth.allowInsecureRequests]: true }; // plain http on loopback

const discover = async (issuer) =>
  oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { ...options, algorithm: 'oauth2' }));

const withToken = (issuer, server, client, resource_server) => ({
  async get(path, token) {
    return (await oauth.protectedResourceRequest(token, 'GET', new URL(path, issuer), undefined, undefined, options)).json();
  },
  async introspect(token) {
    const service = { client_id: resource_server.id };
    const response = await oauth.introspectionRequest(server, service, oauth.ClientSecretBasic(resource_server.secret), token, options);
    return oauth.processIntrospectionResponse(server, service, response);
  },
  async revoke(token) {
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), token, options));
  },
});

/** As RFC 8628 section 3.5 has it: ask, wait, and wait longer when told to. */
async function poll(server, client, device) {
  let pause = device.interval ?? 5;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    try {
      const response = await oauth.deviceCodeGrantRequest(server, client, oauth.None(), device.device_code, options);
      return await oauth.processDeviceCodeResponse(server, client, response);
    } catch (error) {
      if (error.error === 'slow_down') pause += 5;
      else if (error.error !== 'authorization_pending') throw error;
    }
  }
}

export async function beginDevice({ issuer, client_id, resource_server }) {
  const server = await discover(issuer);
  const client = { client_id };
  const response = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), {}, options);
  const device = await oauth.processDeviceAuthorizationResponse(server, client, response);
  return {
    url: device.verification_uri,
    code: device.user_code,
    redeem: () => poll(server, client, device),
    ...withToken(issuer, server, client, resource_server),
  };
}

export async function begin({ issuer, client_id, pushed, resource_server }, redirectUri) {
  const server = await discover(issuer);
  const client = { client_id };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const parameters = {
    response_type: 'code',
    redirect_uri: redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  const url = new URL(server.authorization_endpoint);
  url.searchParams.set('client_id', client_id);
  if (pushed) {
    const response = await oauth.pushedAuthorizationRequest(server, client, oauth.None(), parameters, options);
    url.searchParams.set('request_uri', (await oauth.processPushedAuthorizationResponse(server, client, response)).request_uri);
  } else {
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  }
  return {
    url,
    async redeem(answer) {
      const accepted = oauth.validateAuthResponse(server, client, answer, state);
      const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), accepted, redirectUri, verifier, options);
      return oauth.processAuthorizationCodeResponse(server, client, response);
    },
    ...withToken(issuer, server, client, resource_server),
  };
}

/** An OpenID Connect provider of an organisation (the certified `oidc-provider`) that runs for a test. It signs in whomever the test says. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, exportJWK, generateKeyPair, importJWK, SignJWT, type JWTPayload } from 'jose';
import Provider from 'oidc-provider';

export const CLIENT = { id: 'strongroom-of-the-test', secret: 'a-secret-that-only-the-test-knows' } as const;

export interface ProviderPerson {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: unknown;
  readonly preferred_username?: string;
  readonly name?: string;
}

export interface RunningProvider {
  readonly issuer: string;
  /** Who sits at the browser; `null` cancels. */
  signsIn: ProviderPerson | null;
  /** What is done to the claims of an ID token before the provider's own key signs them. */
  changeClaims: (claims: JWTPayload) => JWTPayload;
  /** Another key than the provider's signs where it is `true`. */
  forgesSignature: boolean;
  /** Every connection is cut off while it is `true`. */
  isAway: boolean;
  stop(): Promise<void>;
}

/** Where `redirectUri` is not what the client sends, the provider refuses. */
export async function startProvider(redirectUri: string): Promise<RunningProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [own, other] = await Promise.all([makeKey(), makeKey()]);
  const people = new Map<string, ProviderPerson>();
  const running: RunningProvider = {
    issuer,
    signsIn: null,
    changeClaims: (claims) => claims,
    forgesSignature: false,
    isAway: false,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  const provider = makeProvider(issuer, redirectUri, own, people);
  provider.use(async (ctx, next) => {
    await next();
    const body = ctx.body as { id_token?: string } | undefined;
    if (ctx.path !== '/token' || body?.id_token === undefined) return;
    const claims = running.changeClaims(decodeJwt(body.id_token));
    const key = await importJWK(running.forgesSignature ? other : own, 'RS256');
    ctx.body = {
      ...body,
      id_token: await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'own' }).sign(key),
    };
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (running.isAway) return void request.destroy();
    if (!request.url?.startsWith('/interaction/')) return void answer(request, response);
    const person = running.signsIn;
    if (person) people.set(person.sub, person);
    const result = person ? { login: { accountId: person.sub } } : { error: 'access_denied' };
    provider.interactionFinished(request, response, result).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  return running;
}

async function makeKey() {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: 'own', alg: 'RS256', use: 'sig' };
}

function makeProvider(
  issuer: string,
  redirectUri: string,
  key: Awaited<ReturnType<typeof makeKey>>,
  people: ReadonlyMap<string, ProviderPerson>,
): Provider {
  return new Provider(issuer, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [redirectUri] }],
    jwks: { keys: [key] },
    cookies: { keys: ['a key of the test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    // Addresses come by the userinfo endpoint, as the specification has it.
    conformIdTokenClaims: true,
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...people.get(sub), sub }) }),
    // Nobody is asked for consent: the client belongs to the organisation.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: CLIENT.id, accountId: oidc.session!.accountId! });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
}

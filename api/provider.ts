/**
 * The organisation's OpenID Connect provider, asked by the authorization code flow with PKCE, state and nonce. Whatever is
 * asked of it goes to the configured issuer and to what its own discovery document names, never where a request says.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as oidc from 'openid-client';
import { StrongroomError } from '../domain/errors.ts';
import { readIdentity, refused, type Claims, type Identity } from '../domain/sign-in.ts';
import type { ProviderSettings } from '../stack/log-in-settings.ts';

export const CALLBACK_PATH = '/sign-in/callback';

const SCOPE = 'openid email profile';
/** What the provider may take for one answer. */
const PATIENCE_SECONDS = 10;
/** By how much its clock may differ from ours. */
const TOLERANCE_SECONDS = 30;
/** Its discovery document is read again after this time, as addresses move. */
const KNOWN_FOR_MS = 3_600_000;

export interface Provider extends ProviderSettings {
  /** Where a browser goes that holds `secret`. Fails with `E_UNAVAILABLE`. */
  addressFor(secret: string): Promise<URL>;
  /** Whether an answer of the provider is to the question of the browser that holds `secret`. */
  isAnswerTo(secret: string, answer: URLSearchParams): boolean;
  /**
   * Who came back. Fails with `E_SIGN_IN_REFUSED` where the provider, one of our checks, or a rule says no, and with
   * `E_UNAVAILABLE` where it does not answer.
   */
  identify(secret: string, answer: URLSearchParams): Promise<Identity>;
}

/** Asks nothing of the provider until a person signs in: the API starts without it. */
export function openProvider(settings: ProviderSettings, publicUrl: string): Provider {
  const callback = new URL(CALLBACK_PATH, publicUrl);
  const discovered = remember(() => discover(settings));
  return {
    ...settings,
    async addressFor(secret) {
      const known = await discovered().catch(away);
      return oidc.buildAuthorizationUrl(known, {
        redirect_uri: callback.href,
        scope: SCOPE,
        state: derive(secret, 'state'),
        nonce: derive(secret, 'nonce'),
        code_challenge: await oidc.calculatePKCECodeChallenge(derive(secret, 'verifier')),
        code_challenge_method: 'S256',
      });
    },
    isAnswerTo(secret, answer) {
      const given = Buffer.from(answer.get('state') ?? '');
      const right = Buffer.from(derive(secret, 'state'));
      return given.length === right.length && timingSafeEqual(given, right);
    },
    async identify(secret, answer) {
      // The address is ours whatever the request says, so the code goes back with the address that it was asked for.
      const at = new URL(callback);
      at.search = answer.toString();
      const known = await discovered().catch(away);
      const claims = await exchange(known, at, secret).catch(notIdentified);
      return readIdentity(known.serverMetadata().issuer, claims, settings);
    },
  };
}

/** State, nonce and PKCE's verifier are three faces of what the browser holds: the database needs to keep none of them. */
const derive = (secret: string, face: 'state' | 'nonce' | 'verifier'): string =>
  createHmac('sha256', secret).update(`strongroom sign-in ${face}`).digest('base64url');

async function exchange(known: oidc.Configuration, at: URL, secret: string): Promise<Claims> {
  const tokens = await oidc.authorizationCodeGrant(known, at, {
    expectedState: derive(secret, 'state'),
    expectedNonce: derive(secret, 'nonce'),
    pkceCodeVerifier: derive(secret, 'verifier'),
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (!claims) throw refused('It sent no ID token.');
  if (claims.email !== undefined || known.serverMetadata().userinfo_endpoint === undefined) return claims;
  // Some providers keep the address out of the ID token. The answer must be about the same subject.
  return {
    ...claims,
    email_verified: undefined,
    ...(await oidc.fetchUserInfo(known, tokens.access_token, claims.sub)),
  };
}

type Adjust = (known: oidc.Configuration) => void;

async function discover({ issuer, clientId, clientSecret }: ProviderSettings): Promise<oidc.Configuration> {
  // Configuration lets only this machine itself be asked without TLS.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- It is marked so to stand out, and nothing replaces it.
  const withoutTls: Adjust[] = issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  const options = { execute: withoutTls, timeout: PATIENCE_SECONDS };
  const found = (await oidc.discovery(issuer, clientId, clientSecret, undefined, options)).serverMetadata();
  const methods = found.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const authentication = methods.includes('client_secret_basic') ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
  const known = new oidc.Configuration(
    found,
    clientId,
    { client_secret: clientSecret, [oidc.clockTolerance]: TOLERANCE_SECONDS },
    authentication(clientSecret),
  );
  known.timeout = PATIENCE_SECONDS;
  for (const allow of withoutTls) allow(known);
  // Without it the library takes an ID token that came by TLS without a look at its signature.
  oidc.enableNonRepudiationChecks(known);
  return known;
}

/** The last answer while it is fresh; one that failed is not kept. */
function remember<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly answer: Promise<T>; readonly at: number } | null = null;
  return () => {
    if (last === null || performance.now() - last.at > KNOWN_FOR_MS) {
      const answer = ask();
      const asked = { answer, at: performance.now() };
      last = asked;
      answer.catch(() => {
        if (last === asked) last = null;
      });
    }
    return last.answer;
  };
}

/** Whatever is wrong with what it says of itself: nobody can be sent there, or taken at its word. */
function away(cause: unknown): never {
  throw new StrongroomError('E_UNAVAILABLE', 'The provider does not answer.', {
    why: 'It cannot be reached, or does not answer as a provider does.',
    next: 'Try again in a moment; if it stays, tell whoever runs the platform.',
    cause,
  });
}

/** What the provider said stays in the log: whoever made the request may have written it. */
function notIdentified(error: unknown): never {
  if (error instanceof StrongroomError) throw error;
  if (error instanceof TypeError || AWAY.includes((error as { code?: string }).code ?? '')) away(error);
  const saidNo = error instanceof oidc.AuthorizationResponseError;
  const why = saidNo
    ? 'It was cancelled there, or the provider does not let you in here.'
    : 'Its answer did not pass the checks: it was used, is too old, was changed, or is not meant for this platform.';
  throw refused(why, error);
}
const AWAY = ['OAUTH_TIMEOUT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'];

/** For the log: codes and messages only, as the rest of such errors holds claims. */
export function reasonsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { code, error: said, why } = error as { code?: unknown; error?: unknown; why?: unknown };
  return [
    [code, said, error.message, why].filter((part) => typeof part === 'string').join(': '),
    ...reasonsOf(error.cause),
  ];
}

/** The way of a browser to the provider and back. Pages fetch their session afterwards, by a cookie that only they can have sent. */
import type { FastifyReply } from 'fastify';
import { SIGN_IN_PAGES, type SignInPage } from '../../domain/sign-in.ts';
import { SessionSchema } from '../contract/accounts.ts';
import { DEVICE_PATH } from '../device-page.ts';
import { noProvider } from '../log-in-ways.ts';
import { OPERATIONS_PATH, requireOperator, setOperatorCookie } from '../operators.ts';
import { SIGNED_IN_MARK, SIGN_IN_PATH } from '../page.ts';
import { toStrongroomError } from '../problems.ts';
import { CALLBACK_PATH, reasonsOf } from '../provider.ts';
import { limitPerMinute } from '../rate-limits.ts';
import type { App, Services } from '../services.ts';
import { openSignInCookies } from '../sign-in-cookies.ts';
import { signInFailurePage } from '../sign-in-failure-page.ts';

const PATHS: Readonly<Record<SignInPage, string>> = { device: DEVICE_PATH, operations: OPERATIONS_PATH };

const WHERE = {
  type: 'object',
  required: ['page'],
  additionalProperties: false,
  properties: { page: { type: 'string', enum: SIGN_IN_PAGES } },
} as const;

export function signInRoutes(app: App, { settings, signIns }: Services): void {
  const cookies = openSignInCookies(settings.publicUrl);
  const limited = (operation: 'beginSignIn' | 'finishSignIn' | 'logInSignedIn') => ({
    config: { operation, rateLimit: limitPerMinute(settings.logInsPerMinute) },
  });
  const opened = () => {
    if (signIns === null) throw noProvider();
    return signIns;
  };
  /** People look at it, so what went wrong is a page, too. */
  const orPage = async (reply: FastifyReply, page: () => SignInPage, work: () => Promise<FastifyReply>) => {
    reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    return work().catch((error: unknown) => {
      const failure = toStrongroomError(error);
      reply.log.warn({ reasons: reasonsOf(error) }, 'A sign-in by the provider failed.');
      const { html, policy } = signInFailurePage(failure, PATHS[page()]);
      return reply.code(failure.kind.status).header('content-security-policy', policy).type('text/html').send(html);
    });
  };

  app.get<{ Querystring: { page: SignInPage } }>(
    SIGN_IN_PATH,
    { ...limited('beginSignIn'), schema: { hide: true, querystring: WHERE } },
    async ({ query: { page } }, reply) =>
      orPage(
        reply,
        () => page,
        async () => {
          const { address, secret } = await opened().begin(page);
          cookies.begun.set(reply, secret);
          return reply.redirect(address.href, 303);
        },
      ),
  );

  app.get(CALLBACK_PATH, { ...limited('finishSignIn'), schema: { hide: true } }, async (request, reply) => {
    let page: SignInPage = 'device';
    return orPage(
      reply,
      () => page,
      async () => {
        const answer = new URL(request.url, settings.publicUrl).searchParams;
        const back = await opened().takeReturn(cookies.begun.read(request), answer);
        page = back.page;
        cookies.begun.clear(reply);
        cookies.signedIn.set(reply, await opened().finish(back));
        return reply.redirect(`${settings.publicUrl}${PATHS[page]}#${SIGNED_IN_MARK}`, 303);
      },
    );
  });

  app.post(
    `${DEVICE_PATH}${SIGN_IN_PATH}`,
    { ...limited('logInSignedIn'), schema: { hide: true, response: { 201: SessionSchema.ref } } },
    async (request, reply) => {
      const session = await opened().logIn(cookies.signedIn.read(request), 'device', request.headers['user-agent']);
      cookies.signedIn.clear(reply);
      return reply.code(201).header('cache-control', 'no-store').send(session);
    },
  );

  app.post(
    `${OPERATIONS_PATH}${SIGN_IN_PATH}`,
    { ...limited('logInSignedIn'), schema: { hide: true } },
    async (request, reply) => {
      const agent = request.headers['user-agent'];
      const session = await opened().logIn(cookies.signedIn.read(request), 'operations', agent);
      requireOperator(session.account, settings.operators);
      cookies.signedIn.clear(reply);
      setOperatorCookie(reply, session, settings.publicUrl);
      return reply.code(204).send();
    },
  );
}

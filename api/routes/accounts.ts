import { parseEmailAddress } from '../../domain/ids.ts';
import { deleteAccessToken, listAccessTokens } from '../../storage/accounts.ts';
import { deleteSession, deleteSessions, listSessions } from '../../storage/sessions.ts';
import { callerOf, credentialOf } from '../caller.ts';
import * as contract from '../contract/accounts.ts';
import { limitPerAddress, limitPerMinute } from '../rate-limits.ts';
import type { App, Services } from '../services.ts';
import { verificationPage } from '../verification-page.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';
import { mapPage } from '../../storage/pages.ts';

export function accountRoutes(app: App, services: Services): void {
  const { authentication, settings } = services;
  const limited = <Route extends { readonly config: object }>(route: Route, perMinute: number) => ({
    ...route,
    config: { ...route.config, rateLimit: limitPerMinute(perMinute) },
  });

  // Nobody's mailbox is to be filled by others.
  const mailsPerAddress = limitPerAddress(app, Math.ceil(settings.signUpsPerMinute / 10));

  app.route({
    ...limited(contract.signUp, settings.signUpsPerMinute),
    handler: async ({ body }, reply) => {
      const email = parseEmailAddress(body.email);
      const { handle, password, displayName = handle } = body;
      await authentication.signUp({ email, handle, password, displayName });
      return reply.code(201).send({ handle, email });
    },
  });

  app.route({
    ...limited(contract.verifyEmail, settings.signUpsPerMinute),
    handler: async ({ body }, reply) => {
      await authentication.verifyEmail(body.token);
      return reply.code(204).send();
    },
  });

  app.route({
    ...contract.followVerificationLink,
    handler: async (_request, reply) => {
      const { html, policy } = verificationPage();
      return reply
        .headers({ 'content-security-policy': policy, 'referrer-policy': 'no-referrer' })
        .type('text/html')
        .send(html);
    },
  });

  app.route({
    ...limited(contract.resendVerification, settings.signUpsPerMinute),
    preHandler: mailsPerAddress,
    handler: async ({ body }, reply) => {
      const email = parseEmailAddress(body.email);
      authentication.resendVerification(email);
      return reply.code(202).send({ email });
    },
  });

  app.route({
    ...limited(contract.requestPasswordReset, settings.signUpsPerMinute),
    preHandler: mailsPerAddress,
    handler: async ({ body }, reply) => {
      const email = parseEmailAddress(body.email);
      authentication.requestPasswordReset(email);
      return reply.code(202).send({ email });
    },
  });

  app.route({
    ...limited(contract.setPassword, settings.signUpsPerMinute),
    handler: async ({ body }, reply) => {
      await authentication.setPassword(body.token, body.password);
      return reply.code(204).send();
    },
  });

  const ways = { provider: settings.logIn.provider?.name ?? null, passwords: settings.logIn.passwords === 'open' };
  app.route({ ...contract.readLogInWays, handler: async () => ways });

  app.route({
    ...limited(contract.logIn, settings.logInsPerMinute),
    preHandler: limitPerAddress(app, Math.ceil(settings.logInsPerMinute / 10)),
    handler: async ({ body, headers }, reply) => {
      const email = parseEmailAddress(body.email);
      return reply.code(201).send(await authentication.logIn(email, body.password, headers['user-agent']));
    },
  });
}

/** What an account can do with itself and its tokens. */
export function ownAccountRoutes(app: App, { authentication, db }: Services): void {
  app.route({
    ...contract.logOut,
    handler: async (request, reply) => {
      await deleteSession(db, credentialOf(request).id);
      return reply.code(204).send();
    },
  });

  app.route({
    ...contract.listSessions,
    handler: async (request) => {
      const current = credentialOf(request).id;
      const page = toPageRequest('listSessions', request.query);
      const sessions = await listSessions(db, callerOf(request).id, page);
      const marked = mapPage(sessions, (session) => ({ ...session, current: session.id === current }));
      return toPageAnswer('listSessions', request.query, marked);
    },
  });

  app.route({
    ...contract.logOutEverywhere,
    handler: async (request) => ({ sessionsEnded: await deleteSessions(db, callerOf(request)) }),
  });

  app.route({ ...contract.readAccount, handler: async (request) => callerOf(request) });

  app.route({
    ...contract.createToken,
    handler: async (request, reply) => {
      const { name, scopes, expiresInDays = null } = request.body;
      const token = await authentication.createAccessToken(callerOf(request), name, scopes, expiresInDays);
      return reply.code(201).send(token);
    },
  });

  app.route({
    ...contract.listTokens,
    handler: async (request) => {
      const page = toPageRequest('listTokens', request.query);
      return toPageAnswer('listTokens', request.query, await listAccessTokens(db, callerOf(request).id, page));
    },
  });

  app.route({
    ...contract.deleteToken,
    handler: async (request, reply) => {
      await deleteAccessToken(db, callerOf(request).id, request.params.id);
      return reply.code(204).send();
    },
  });
}

import type { FastifyRequest } from 'fastify';
import { DEVICE_LOGIN_SECONDS, parseUserCode, POLL_SECONDS, showUserCode } from '../../domain/device-login.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { decideDeviceLogin, findDeviceLogin, insertDeviceLogin } from '../../storage/device-logins.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/device-logins.ts';
import { DEVICE_PATH, devicePage } from '../device-page.ts';
import { limitPerMinute, limitPerMinuteAndAccount, tooMany } from '../rate-limits.ts';
import type { App, Services } from '../services.ts';

/** A device asks every 5 seconds: this many of one network may be at it. */
const DEVICES_OF_A_NETWORK = 20;
/** Codes are typed by hand, and guessed by machines. */
const CODES_PER_MINUTE = 20;

export function deviceLoginRoutes(app: App, { authentication, db, settings }: Services): void {
  const limited = <Route extends { readonly config: object }>(route: Route, rateLimit: object) => ({
    ...route,
    config: { ...route.config, rateLimit },
  });
  const typed = limitPerMinuteAndAccount(CODES_PER_MINUTE);

  app.route({
    ...limited(contract.beginDeviceLogin, limitPerMinute(settings.logInsPerMinute)),
    handler: async (request, reply) => {
      const origin = { networkAddress: request.ip, program: programOf(request) };
      const { deviceCode, userCode } = await insertDeviceLogin(db, origin);
      const page = `${settings.publicUrl}${DEVICE_PATH}`;
      return reply.code(201).send({
        deviceCode,
        userCode: showUserCode(userCode),
        verificationUri: page,
        verificationUriComplete: `${page}#${showUserCode(userCode)}`,
        expiresIn: DEVICE_LOGIN_SECONDS,
        interval: POLL_SECONDS,
      });
    },
  });

  app.route({
    ...limited(contract.logInDevice, limitPerMinute(DEVICES_OF_A_NETWORK * (60 / POLL_SECONDS))),
    handler: async (request, reply) => {
      const answer = await authentication.logInDevice(request.body.deviceCode, programOf(request));
      if (!('is' in answer)) return reply.code(201).send(answer);
      if (answer.is === 'too soon') {
        reply.header('retry-after', answer.pollSeconds);
        throw tooMany(`${answer.pollSeconds} seconds`);
      }
      throw REFUSALS[answer.is]();
    },
  });

  app.route({
    ...limited(contract.readDeviceLogin, typed),
    handler: async ({ params }) => {
      const userCode = parseUserCode(params.userCode);
      const found = await findDeviceLogin(db, userCode);
      if (!found) throw noneWaits(params.userCode);
      return { ...found, userCode: showUserCode(userCode) };
    },
  });

  for (const [route, state] of [
    [contract.approveDeviceLogin, 'approved'],
    [contract.refuseDeviceLogin, 'refused'],
  ] as const) {
    app.route({
      ...limited(route, typed),
      handler: async (request, reply) => {
        const { userCode } = request.params;
        const decided = await decideDeviceLogin(db, parseUserCode(userCode), callerOf(request), state);
        if (!decided) throw noneWaits(userCode);
        return reply.code(204).send();
      },
    });
  }

  const hidden = { config: { operation: 'readDevicePage' as const }, schema: { hide: true } };
  const { html, policy } = devicePage(settings.logIn);
  app.get(DEVICE_PATH, hidden, async (_request, reply) => {
    return reply
      .headers({ 'content-security-policy': policy, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
      .type('text/html')
      .send(html);
  });
}

const programOf = ({ headers }: FastifyRequest): string => (headers['user-agent'] ?? '').slice(0, 200);

const REFUSALS = {
  gone: () =>
    new StrongroomError('E_WRONG_CREDENTIALS', 'The code does not hold.', {
      why: `It is wrong, was used, or is older than ${DEVICE_LOGIN_SECONDS / 60} minutes.`,
      next: 'Begin again: strongroom login --device',
    }),
  waiting: () =>
    new StrongroomError('E_LOGIN_PENDING', 'Nobody has approved this log-in yet.', {
      next: `Ask again in ${POLL_SECONDS} seconds.`,
    }),
  refused: () =>
    new StrongroomError('E_LOGIN_REFUSED', 'The log-in was refused.', {
      why: 'The person who was asked said no.',
      next: 'If it was you who asked, begin again: strongroom login --device',
    }),
};

const noneWaits = (userCode: string) =>
  new StrongroomError('E_NOT_FOUND', `No log-in waits under the code ${userCode}.`, {
    why: 'The code is wrong, was used, or ran out.',
    next: 'Compare it with the one on the device, or begin again there.',
  });

/** Logging in a device that has no browser and no password at hand (RFC 8628, in our words and forms). */
import { Type } from 'typebox';
import { TYPED_USER_CODE } from '../../domain/device-login.ts';
import { SessionSchema } from './accounts.ts';
import { defineRoute, nothing } from './route.ts';
import { closed, named, TimestampSchema } from './words.ts';

const UserCodeSchema = Type.String({ description: 'Eight letters, for instance WDJB-MJHT.' });

const NewDeviceLoginSchema = named(
  'NewDeviceLogin',
  Type.Object({
    deviceCode: Type.String({ description: 'The device keeps it to itself, and asks by it.' }),
    userCode: UserCodeSchema,
    verificationUri: Type.String({ description: 'Where a person types the code.' }),
    verificationUriComplete: Type.String({ description: 'The same, with the code in it.' }),
    expiresIn: Type.Integer({ minimum: 1, description: 'Seconds for which both codes hold.' }),
    interval: Type.Integer({ minimum: 1, description: 'Seconds to wait between two questions.' }),
  }),
);

const DeviceLoginSchema = named(
  'DeviceLogin',
  Type.Object({
    userCode: UserCodeSchema,
    networkAddress: Type.String({ description: 'From where it is asked for.' }),
    program: Type.String({ description: 'The program that asks, as it calls itself.' }),
    requestedAt: TimestampSchema,
    expiresAt: TimestampSchema,
  }),
);

export const deviceLoginSchemas = [NewDeviceLoginSchema.schema, DeviceLoginSchema.schema];

const tag = 'Accounts';
const byUserCode = Type.Object({ userCode: Type.String({ pattern: TYPED_USER_CODE, maxLength: 9 }) });

export const beginDeviceLogin = defineRoute({
  method: 'POST',
  url: '/v1/device-logins',
  id: 'beginDeviceLogin',
  tag,
  summary: 'Begin to log in a device',
  description: 'A person who is logged in elsewhere approves it by its user code. The device asks meanwhile.',
  answers: { 201: NewDeviceLoginSchema.ref },
});

export const logInDevice = defineRoute({
  method: 'POST',
  url: '/v1/device-logins/session',
  id: 'logInDevice',
  tag,
  summary: 'Ask, as the device, whether a person has approved',
  description:
    'Until then E_LOGIN_PENDING; E_TOO_MANY_REQUESTS to a device that asks too soon, which waits 5 seconds longer from then on. A code holds for 10 minutes and for one session.',
  body: Type.Object({ deviceCode: Type.String({ minLength: 1, maxLength: 100 }) }, closed),
  answers: { 201: SessionSchema.ref },
});

export const readDeviceLogin = defineRoute({
  method: 'GET',
  url: '/v1/device-logins/:userCode',
  id: 'readDeviceLogin',
  tag,
  summary: 'From where a log-in is asked for that waits for a person',
  params: byUserCode,
  answers: { 200: DeviceLoginSchema.ref },
});

export const approveDeviceLogin = defineRoute({
  method: 'POST',
  url: '/v1/device-logins/:userCode/approval',
  id: 'approveDeviceLogin',
  tag,
  summary: 'Log a device in as the caller',
  description: 'Look first from where it is asked for.',
  params: byUserCode,
  answers: { 204: nothing },
});

export const refuseDeviceLogin = defineRoute({
  method: 'POST',
  url: '/v1/device-logins/:userCode/refusal',
  id: 'refuseDeviceLogin',
  tag,
  summary: 'Refuse to log a device in',
  params: byUserCode,
  answers: { 204: nothing },
});

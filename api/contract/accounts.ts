/** Accounts, sessions and personal access tokens. */
import { Type } from 'typebox';
import { PASSWORD_LENGTH } from '../../domain/password-rules.ts';
import { SCOPES, type Scope } from '../../domain/permissions.ts';
import { defineRoute, nothing, pageQuery, pagesOf } from './route.ts';
import {
  closed,
  EmailAddressSchema,
  HandleSchema,
  named,
  nullable,
  oneOf,
  readonlyList,
  TimestampSchema,
  TypedEmailSchema,
} from './words.ts';

const PasswordSchema = Type.String({
  minLength: PASSWORD_LENGTH.minimum,
  maxLength: PASSWORD_LENGTH.maximum,
  description: 'None that would be guessed: no common one, no pattern, not with the address or handle in it.',
});
const DisplayNameSchema = Type.String({ minLength: 1, maxLength: 80 });

export const AccountSchema = named(
  'Account',
  Type.Object({
    handle: HandleSchema,
    email: EmailAddressSchema,
    emailVerified: Type.Boolean(),
    displayName: Type.String(),
  }),
);

export const SessionSchema = named(
  'Session',
  Type.Object({ token: Type.String(), expiresAt: TimestampSchema, account: AccountSchema.ref }),
);

const OpenSessionSchema = named(
  'OpenSession',
  Type.Object({
    id: Type.String(),
    createdAt: TimestampSchema,
    expiresAt: TimestampSchema,
    userAgent: nullable(Type.String({ description: 'The program that logged in, as it calls itself.' })),
    current: Type.Boolean({ description: 'Whether the request comes by this session.' }),
  }),
);

const ScopeSchema = oneOf(Object.keys(SCOPES) as Scope[]);

const tokenFields = {
  id: Type.String(),
  name: Type.String(),
  scopes: readonlyList(ScopeSchema),
  createdAt: TimestampSchema,
  expiresAt: nullable(TimestampSchema),
};
const TokenSchema = named(
  'AccessToken',
  Type.Object({
    ...tokenFields,
    start: Type.String({ description: 'How the token begins, to tell it from others.' }),
    lastUsedAt: nullable(TimestampSchema),
  }),
);
const NewTokenSchema = named(
  'NewAccessToken',
  Type.Object({ ...tokenFields, token: Type.String({ description: 'Shown only now.' }) }),
);

export const accountSchemas = [AccountSchema, SessionSchema, OpenSessionSchema, TokenSchema, NewTokenSchema].map(
  ({ schema }) => schema,
);

const tag = 'Accounts';

export const signUp = defineRoute({
  method: 'POST',
  url: '/v1/accounts',
  id: 'signUp',
  tag,
  summary: 'Sign up',
  description: 'The answer is the same whether or not the address has an account; the mail that follows is not.',
  body: Type.Object(
    {
      email: TypedEmailSchema,
      handle: HandleSchema,
      displayName: Type.Optional(DisplayNameSchema),
      password: PasswordSchema,
    },
    closed,
  ),
  answers: {
    201: Type.Object({ handle: HandleSchema, email: EmailAddressSchema }, { description: 'A mail was sent.' }),
  },
});

const VerificationTokenSchema = Type.String({ minLength: 1, maxLength: 2000 });

export const verifyEmail = defineRoute({
  method: 'POST',
  url: '/v1/accounts/verify',
  id: 'verifyEmail',
  tag,
  summary: 'Verify an address with the token of the verification mail',
  body: Type.Object({ token: VerificationTokenSchema }, closed),
  answers: { 204: nothing },
});

export const followVerificationLink = defineRoute({
  method: 'GET',
  url: '/v1/accounts/verify',
  id: 'followVerificationLink',
  tag,
  summary: 'The page behind the link of the verification mail',
  description: 'Programs that scan mail follow links, so the page verifies only when its button is pressed.',
  querystring: Type.Object({ token: VerificationTokenSchema }, closed),
  answers: {
    200: Type.Unsafe<string>({ description: 'A page.', content: { 'text/html': { schema: { type: 'string' } } } }),
  },
});

export const resendVerification = defineRoute({
  method: 'POST',
  url: '/v1/accounts/verification-mails',
  id: 'resendVerification',
  tag,
  summary: 'Send the verification mail again',
  description:
    'Answers the same, and as soon, for addresses without an account and for verified ones, to which nothing is sent.',
  body: Type.Object({ email: TypedEmailSchema }, closed),
  answers: { 202: Type.Object({ email: EmailAddressSchema }) },
});

export const requestPasswordReset = defineRoute({
  method: 'POST',
  url: '/v1/accounts/password-resets',
  id: 'requestPasswordReset',
  tag,
  summary: 'Send a mail with a code that sets a new password',
  description: 'Answers the same, and as soon, for addresses without an account, to which nothing is sent.',
  body: Type.Object({ email: TypedEmailSchema }, closed),
  answers: { 202: Type.Object({ email: EmailAddressSchema }) },
});

export const setPassword = defineRoute({
  method: 'POST',
  url: '/v1/accounts/password',
  id: 'setPassword',
  tag,
  summary: 'Set the password by the code of the mail',
  description: 'The code can be used once. All sessions of the account end; personal access tokens stay.',
  body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 100 }), password: PasswordSchema }, closed),
  answers: { 204: nothing },
});

export const readLogInWays = defineRoute({
  method: 'GET',
  url: '/v1/log-in-ways',
  id: 'readLogInWays',
  tag,
  summary: 'How people log in here',
  description: 'By the provider of an organisation, on the page of a device login, or by a password.',
  answers: {
    200: Type.Object({
      provider: nullable(Type.String({ description: 'What people call it; null where there is none.' })),
      passwords: Type.Boolean(),
    }),
  },
});

export const logIn = defineRoute({
  method: 'POST',
  url: '/v1/sessions',
  id: 'logIn',
  tag,
  summary: 'Log in',
  body: Type.Object({ email: TypedEmailSchema, password: Type.String({ minLength: 1, maxLength: 128 }) }, closed),
  answers: { 201: SessionSchema.ref },
});

export const logOut = defineRoute({
  method: 'DELETE',
  url: '/v1/sessions/current',
  id: 'logOut',
  tag,
  summary: 'Log out',
  answers: { 204: nothing },
});

export const listSessions = defineRoute({
  method: 'GET',
  url: '/v1/account/sessions',
  id: 'listSessions',
  tag,
  summary: 'Where the account is logged in',
  description: 'The newest first.',
  querystring: Type.Object(pageQuery, closed),
  answers: { 200: pagesOf(OpenSessionSchema.ref) },
});

export const logOutEverywhere = defineRoute({
  method: 'DELETE',
  url: '/v1/account/sessions',
  id: 'logOutEverywhere',
  tag,
  summary: 'End all sessions of the account',
  description: 'Also the one by which the request comes. Personal access tokens stay.',
  answers: { 200: Type.Object({ sessionsEnded: Type.Integer({ minimum: 0 }) }) },
});

export const readAccount = defineRoute({
  method: 'GET',
  url: '/v1/account',
  id: 'readAccount',
  tag,
  summary: 'Who is asking',
  answers: { 200: AccountSchema.ref },
});

export const createToken = defineRoute({
  method: 'POST',
  url: '/v1/tokens',
  id: 'createToken',
  tag,
  summary: 'Create a personal access token',
  description: 'It can do what its scopes say; whatever manages the account itself takes a session.',
  body: Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 64 }),
      scopes: Type.Array(ScopeSchema, { minItems: 1, maxItems: 16, uniqueItems: true }),
      expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 })),
    },
    closed,
  ),
  answers: { 201: NewTokenSchema.ref },
});

export const listTokens = defineRoute({
  method: 'GET',
  url: '/v1/tokens',
  id: 'listTokens',
  tag,
  summary: 'The own personal access tokens',
  querystring: Type.Object(pageQuery, closed),
  answers: { 200: pagesOf(TokenSchema.ref) },
});

export const deleteToken = defineRoute({
  method: 'DELETE',
  url: '/v1/tokens/:id',
  id: 'deleteToken',
  tag,
  summary: 'Delete a personal access token',
  params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }),
  answers: { 204: nothing },
});

/** The tables that better-auth keeps, under our names: one place for its migrations and for the API that uses it. */
import { apiKey } from '@better-auth/api-key';
import type { BetterAuthOptions } from 'better-auth';
import { ACCESS_TOKEN_PREFIX, makeAccessToken } from './access-token-format.ts';

/** Columns are `snake_case` like everywhere in the database. */
const columns = <const Names extends readonly string[]>(...names: Names): Record<Names[number], string> =>
  Object.fromEntries(
    names.map((name) => [name, name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
  ) as Record<Names[number], string>;

/** Names and columns. What the tables hold is decided here, how accounts behave in `api/authentication.ts`. */
export const accountTables = {
  user: {
    modelName: 'accounts',
    fields: columns('emailVerified', 'createdAt', 'updatedAt'),
    additionalFields: { handle: { type: 'string', required: true, unique: true, input: true } },
  },
  session: {
    modelName: 'sessions',
    fields: columns('expiresAt', 'createdAt', 'updatedAt', 'ipAddress', 'userAgent', 'userId'),
  },
  account: {
    modelName: 'credentials',
    fields: columns(
      'accountId',
      'providerId',
      'userId',
      'accessToken',
      'refreshToken',
      'idToken',
      'accessTokenExpiresAt',
      'refreshTokenExpiresAt',
      'createdAt',
      'updatedAt',
    ),
  },
  verification: { modelName: 'verifications', fields: columns('expiresAt', 'createdAt', 'updatedAt') },
  plugins: [
    apiKey({
      customKeyGenerator: makeAccessToken,
      maximumNameLength: 64,
      requireName: true,
      rateLimit: { enabled: false },
      startingCharactersConfig: { shouldStore: true, charactersLength: ACCESS_TOKEN_PREFIX.length + 4 },
      schema: {
        apikey: {
          modelName: 'access_tokens',
          fields: columns(
            'configId',
            'referenceId',
            'refillInterval',
            'refillAmount',
            'lastRefillAt',
            'rateLimitEnabled',
            'rateLimitTimeWindow',
            'rateLimitMax',
            'requestCount',
            'lastRequest',
            'expiresAt',
            'createdAt',
            'updatedAt',
          ),
        },
      },
    }),
  ],
} satisfies Pick<BetterAuthOptions, 'user' | 'session' | 'account' | 'verification' | 'plugins'>;

/** The platform's certificate authority, and the certificates that it certifies. */
import { Type } from 'typebox';
import { defineRoute, pageQuery, pagesOf } from './route.ts';
import {
  closed,
  EmailAddressSchema,
  FingerprintSchema,
  HandleSchema,
  named,
  nullable,
  oneOf,
  ReasonSchema,
  TimestampSchema,
} from './words.ts';

/** An armored OpenPGP block; certificates of people take a few kilobytes. */
export const ArmoredSchema = Type.String({ minLength: 1, maxLength: 32_768 });

export const AuthoritySchema = named(
  'Authority',
  Type.Object({ certificate: ArmoredSchema, fingerprint: FingerprintSchema }),
);

const StateSchema = oneOf(['valid', 'expired', 'revoked']);

export const CertificateSchema = named(
  'Certificate',
  Type.Object({
    fingerprint: FingerprintSchema,
    account: HandleSchema,
    email: EmailAddressSchema,
    certificate: ArmoredSchema,
    state: StateSchema,
    issuedAt: TimestampSchema,
    expiresAt: TimestampSchema,
    revokedAt: nullable(TimestampSchema),
    reason: nullable(Type.String()),
  }),
);

const ChallengeSchema = named(
  'CertificateChallenge',
  Type.Object({ challenge: Type.String(), expiresAt: TimestampSchema }),
);

export const certificateSchemas = [AuthoritySchema.schema, CertificateSchema.schema, ChallengeSchema.schema];

const tag = 'Certificates';
const byFingerprint = Type.Object({ fingerprint: FingerprintSchema });

export const readAuthority = defineRoute({
  method: 'GET',
  url: '/v1/authority',
  id: 'readAuthority',
  tag,
  summary: "The authority's certificate",
  answers: { 200: AuthoritySchema.ref },
});

export const createChallenge = defineRoute({
  method: 'POST',
  url: '/v1/certificates/challenges',
  id: 'createChallenge',
  tag,
  summary: 'Ask for a challenge to sign as proof of possession',
  description: 'It is bound to the account and can be used once.',
  answers: { 201: ChallengeSchema.ref },
});

export const createCertificate = defineRoute({
  method: 'POST',
  url: '/v1/certificates',
  id: 'createCertificate',
  tag,
  summary: 'Have a certificate certified',
  description:
    'An account has one valid certificate. Repeating a request that succeeded answers with the same certificate.',
  body: Type.Object(
    {
      fingerprint: FingerprintSchema,
      certificate: ArmoredSchema,
      proof: Type.String({
        minLength: 1,
        maxLength: 8192,
        description: 'Detached signature over the challenge, armored.',
      }),
      challenge: Type.String({ minLength: 1, maxLength: 200 }),
    },
    closed,
  ),
  answers: { 201: CertificateSchema.ref },
});

export const listCertificates = defineRoute({
  method: 'GET',
  url: '/v1/certificates',
  id: 'listCertificates',
  tag,
  summary: 'The own certificates',
  querystring: Type.Object({ ...pageQuery, state: Type.Optional(StateSchema) }, closed),
  answers: { 200: pagesOf(CertificateSchema.ref) },
});

export const readCertificate = defineRoute({
  method: 'GET',
  url: '/v1/certificates/:fingerprint',
  id: 'readCertificate',
  tag,
  summary: 'One certificate',
  description: 'Its holder sees it, and everyone whose container the holder is authorised to run.',
  params: byFingerprint,
  answers: { 200: CertificateSchema.ref },
});

export const revokeCertificate = defineRoute({
  method: 'POST',
  url: '/v1/certificates/:fingerprint/revocation',
  id: 'revokeCertificate',
  tag,
  summary: 'Revoke an own certificate',
  description: 'All access that was granted to it ends at the same moment.',
  params: byFingerprint,
  body: Type.Object({ reason: ReasonSchema }, closed),
  answers: { 200: Type.Object({ certificate: CertificateSchema.ref, grantsRevoked: Type.Integer({ minimum: 0 }) }) },
});

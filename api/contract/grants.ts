/** Access to an approved container: who may have it, who has it, and the wrapped keys. */
import { Type } from 'typebox';
import { byAssociation } from './associations.ts';
import { ArmoredSchema, CertificateSchema } from './certificates.ts';
import { byContainer, HostedArchiveSchema } from './registrations.ts';
import { defineRoute, listOf, pageQuery, pagesOf, periodQuery } from './route.ts';
import {
  BenchmarkNameSchema,
  closed,
  ContainerNameSchema,
  EmailAddressSchema,
  FingerprintSchema,
  HandleSchema,
  ImageDigestSchema,
  named,
  nullable,
  oneOf,
  readonlyList,
  ReasonSchema,
  Sha256Schema,
  SizeSchema,
  TimestampSchema,
} from './words.ts';

export const WrappedKeySchema = Type.String({ minLength: 1, maxLength: 16_384 });
const OriginSchema = oneOf(['manual', 'auto']);
const CursorSchema = Type.String({ pattern: '^[0-9]{1,19}$' });

const RecipientSchema = named(
  'Recipient',
  Type.Object({
    account: HandleSchema,
    email: EmailAddressSchema,
    certificate: nullable(
      Type.Object({ fingerprint: FingerprintSchema, certificate: ArmoredSchema, expiresAt: TimestampSchema }),
    ),
    granted: Type.Boolean({ description: 'Whether this certificate has access already.' }),
    revoked: Type.Boolean({ description: 'Whether access of this address was revoked: auto-grant passes it over.' }),
  }),
);

/** One line of `access list`; the same words as `AccessEntry` in `domain/grant.ts`. */
const GrantStateSchema = oneOf(['valid', 'revoked', 'expired']);

const AccessEntrySchema = named(
  'AccessEntry',
  Type.Object({
    account: HandleSchema,
    email: EmailAddressSchema,
    fingerprint: FingerprintSchema,
    origin: OriginSchema,
    grantedAt: TimestampSchema,
    expiresAt: nullable(TimestampSchema),
    lastFetchedAt: nullable(TimestampSchema),
    state: GrantStateSchema,
    revokedAt: nullable(TimestampSchema),
    reason: nullable(Type.String()),
  }),
);

const GrantBindingSchema = named(
  'GrantBinding',
  Type.Object({
    container: Type.Object({ owner: HandleSchema, name: ContainerNameSchema }),
    archive: Sha256Schema,
    benchmark: BenchmarkNameSchema,
    recipient: FingerprintSchema,
    expiresAt: nullable(TimestampSchema),
  }),
);

const GrantDeliverySchema = named(
  'GrantDelivery',
  Type.Object({
    message: Type.String({ description: 'The wrapped key: an OpenPGP message, armored.' }),
    binding: GrantBindingSchema.ref,
    archive: HostedArchiveSchema.ref,
    imageDigest: ImageDigestSchema,
    plaintextSize: SizeSchema,
    config: Type.String(),
    ownerCertificate: CertificateSchema.ref,
  }),
);

export const grantSchemas = [
  RecipientSchema.schema,
  AccessEntrySchema.schema,
  GrantBindingSchema.schema,
  GrantDeliverySchema.schema,
];

const tag = 'Access';

export const listRecipients = defineRoute({
  method: 'GET',
  url: '/v1/associations/:id/recipients',
  id: 'listRecipients',
  tag,
  summary: "The benchmark's authorised data owners",
  description:
    'With `since` only those who became authorised or got a certificate after the answer whose `cursor` it was.',
  params: byAssociation,
  querystring: Type.Object({ since: Type.Optional(CursorSchema) }, closed),
  answers: { 200: Type.Object({ items: readonlyList(RecipientSchema.ref), cursor: CursorSchema }) },
});

export const createGrants = defineRoute({
  method: 'POST',
  url: '/v1/associations/:id/grants',
  id: 'createGrants',
  tag,
  summary: 'Grant access: all of the list, or none of it',
  description:
    'A certificate that has access keeps it as it is and is answered as it is. `archive` is the digest of the archive that the wrapped keys open: refused (409) where the container has another one by now.',
  params: byAssociation,
  body: Type.Object(
    {
      archive: Sha256Schema,
      grants: Type.Array(
        Type.Object(
          {
            fingerprint: FingerprintSchema,
            message: WrappedKeySchema,
            origin: OriginSchema,
            expiresAt: nullable(TimestampSchema),
          },
          closed,
        ),
        { minItems: 1, maxItems: 1000 },
      ),
    },
    closed,
  ),
  answers: { 201: listOf(AccessEntrySchema.ref) },
});

export const listGrants = defineRoute({
  method: 'GET',
  url: '/v1/associations/:id/grants',
  id: 'listGrants',
  tag,
  summary: 'Who has access, and who had it',
  params: byAssociation,
  querystring: Type.Object(
    {
      ...pageQuery,
      state: Type.Optional(GrantStateSchema),
      email: Type.Optional(EmailAddressSchema),
      ...periodQuery,
    },
    closed,
  ),
  answers: { 200: pagesOf(AccessEntrySchema.ref) },
});

export const revokeGrants = defineRoute({
  method: 'POST',
  url: '/v1/associations/:id/grants/revocation',
  id: 'revokeGrants',
  tag,
  summary: 'Revoke the access of one address',
  description: 'The wrapped keys are erased. A key that was fetched before cannot be taken back.',
  params: byAssociation,
  body: Type.Object({ email: EmailAddressSchema, reason: ReasonSchema }, closed),
  answers: { 200: Type.Object({ revoked: Type.Integer({ minimum: 1 }) }) },
});

export const deleteGrants = defineRoute({
  method: 'DELETE',
  url: '/v1/associations/:id/grants',
  id: 'deleteGrants',
  tag,
  summary: 'Erase all wrapped keys and close the association',
  params: byAssociation,
  answers: { 200: Type.Object({ deleted: Type.Integer({ minimum: 0 }) }) },
});

export const fetchGrant = defineRoute({
  method: 'GET',
  url: '/v1/containers/:owner/:name/grant',
  id: 'fetchGrant',
  tag,
  summary: 'Fetch the own wrapped key of a container',
  params: byContainer,
  querystring: Type.Object({ benchmark: BenchmarkNameSchema }, closed),
  answers: { 200: GrantDeliverySchema.ref },
});

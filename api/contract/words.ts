/** The ids of the field as schemas. Each `title` is the name of a branded type of `domain/ids.ts`. */
import { Type, type Static, type TSchema, type TUnsafe } from 'typebox';
import type {
  AssociationId,
  BenchmarkName,
  ContainerName,
  DatasetName,
  EmailAddress,
  Fingerprint,
  FunctionId,
  FunctionName,
  Handle,
  ImageDigest,
  JobId,
  Sha256,
} from '../../domain/ids.ts';

/** The rule for handles and names. */
export const SLUG = '^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$';
const slug = { type: 'string', pattern: SLUG, minLength: 1, maxLength: 40 };

export const HandleSchema = Type.Unsafe<Handle>({ ...slug, title: 'Handle' });
/** `owner/name`. */
export const ContainerRefTextSchema = Type.String({
  pattern: `${SLUG.slice(0, -1)}/${SLUG.slice(1)}`,
  maxLength: 81,
  description: 'owner/name',
});
export const ContainerNameSchema = Type.Unsafe<ContainerName>({ ...slug, title: 'ContainerName' });
export const BenchmarkNameSchema = Type.Unsafe<BenchmarkName>({ ...slug, title: 'BenchmarkName' });
export const DatasetNameSchema = Type.Unsafe<DatasetName>({ ...slug, title: 'DatasetName' });
export const FunctionNameSchema = Type.Unsafe<FunctionName>({ ...slug, title: 'FunctionName' });
export const FunctionIdSchema = Type.Unsafe<FunctionId>({
  type: 'string',
  pattern: '^(?=.*[A-Z])[0-9A-Za-z]{22}$',
  title: 'FunctionId',
});
export const JobIdSchema = Type.Unsafe<JobId>({
  type: 'string',
  pattern: '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
  title: 'JobId',
});
/** Bytes in base64url without padding. */
export const BytesSchema = Type.String({ pattern: '^[\\w-]+$', maxLength: 100_000 });
export const Sha256Schema = Type.Unsafe<Sha256>({ type: 'string', pattern: '^[0-9a-f]{64}$', title: 'Sha256' });
export const ImageDigestSchema = Type.Unsafe<ImageDigest>({
  type: 'string',
  pattern: '^sha256:[0-9a-f]{64}$',
  title: 'ImageDigest',
});
export const FingerprintSchema = Type.Unsafe<Fingerprint>({
  type: 'string',
  pattern: '^[0-9A-F]{40}$',
  title: 'Fingerprint',
});
export const AssociationIdSchema = Type.Unsafe<AssociationId>({
  type: 'string',
  pattern: '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
  title: 'AssociationId',
});
/** In lower case, as everywhere but where a person types it. */
export const EmailAddressSchema = Type.Unsafe<EmailAddress>({
  type: 'string',
  pattern: '^[^\\s@<>"A-Z]{1,64}@[^\\s@<>"A-Z]{1,255}$',
  maxLength: 254,
  title: 'EmailAddress',
});

/** As a person types it; it is compared without regard to case. */
export const TypedEmailSchema = Type.String({
  pattern: '^\\s*[^\\s@<>"]{1,64}@[^\\s@<>"]{1,255}\\s*$',
  maxLength: 254,
});

/** ISO 8601 in UTC. */
export const TimestampSchema = Type.String({ format: 'date-time' });
/** One line or a short paragraph that a person writes. */
export const ReasonSchema = Type.String({ minLength: 1, maxLength: 1000 });
export const SizeSchema = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes.' });

/** The schema or `null`. */
export function nullable<S extends TSchema>(schema: S): TUnsafe<Static<S> | null> {
  const plain = 'type' in schema && typeof schema.type === 'string' && !('enum' in schema);
  return Type.Unsafe(plain ? { ...schema, type: [schema.type, 'null'] } : { anyOf: [schema, { type: 'null' }] });
}

/** A list in an answer. */
export const readonlyList = <S extends TSchema>(
  item: S,
  words: { readonly description?: string } = {},
): TUnsafe<readonly Static<S>[]> => Type.Unsafe({ type: 'array', items: item, ...words });

/** One of a few words. */
export const oneOf = <const Words extends readonly string[]>(words: Words): TUnsafe<Words[number]> =>
  Type.Unsafe({ type: 'string', enum: [...words] });

/** A schema with a name in the document, and references to it. */
export function named<S extends TSchema>(
  name: string,
  schema: S,
): { readonly schema: S; readonly ref: TUnsafe<Static<S>> } {
  return { schema: { ...schema, $id: name }, ref: Type.Unsafe({ $ref: `${name}#` }) };
}

/** An object that knows its properties and refuses others. */
export const closed = { additionalProperties: false } as const;

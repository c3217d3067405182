/**
 * The names and identifiers of the field. Each is a branded string: the only way to get one from the outside is to
 * parse it, so a value of such a type is known to be well formed wherever it turns up.
 */
import { StrongroomError } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The public name of an account. It goes into workflow ids, so it is never an e-mail address. */
export type Handle = Branded<'Handle'>;
export type ContainerName = Branded<'ContainerName'>;
export type BenchmarkName = Branded<'BenchmarkName'>;
export type DatasetName = Branded<'DatasetName'>;
/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Sha256 = Branded<'Sha256'>;
/** The digest of an image's configuration, which is what Docker calls the image id: `sha256:` and 64 digits. */
export type ImageDigest = Branded<'ImageDigest'>;
/** An OpenPGP v4 fingerprint as 40 upper-case hexadecimal digits (RFC 9580 section 5.5.4.2). */
export type Fingerprint = Branded<'Fingerprint'>;
/** An e-mail address in lower case: addresses are compared without regard to case everywhere. */
export type EmailAddress = Branded<'EmailAddress'>;
export type AssociationId = Branded<'AssociationId'>;
/** What its owner calls a function; with the owner's handle it is the alias `owner/name`. */
export type FunctionName = Branded<'FunctionName'>;
/** One deployed version of a function: 22 letters and digits, at least one of them a capital, so that it is no name. */
export type FunctionId = Branded<'FunctionId'>;
/** A durable job; its caller makes it up, so that asking twice makes one job. */
export type JobId = Branded<'JobId'>;

const SLUG = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const FUNCTION_ID = /^(?=.*[A-Z])[0-9A-Za-z]{22}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Parser<Id> = (value: unknown) => Id;

function parser(what: string, pattern: RegExp, rule: string, normalise = (text: string) => text): Parser<string> {
  return (value) => {
    const text = typeof value === 'string' ? normalise(value) : '';
    if (pattern.test(text)) return text;
    throw new StrongroomError('E_INVALID_NAME', `${JSON.stringify(value)} is not a ${what}.`, { why: rule });
  };
}

const SLUG_RULE =
  'It takes 1 to 40 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen.';
const lower = (text: string) => text.trim().toLowerCase();

export const parseHandle = parser('handle', SLUG, SLUG_RULE) as Parser<Handle>;
export const parseContainerName = parser('container name', SLUG, SLUG_RULE) as Parser<ContainerName>;
export const parseBenchmarkName = parser('benchmark name', SLUG, SLUG_RULE) as Parser<BenchmarkName>;
export const parseDatasetName = parser('dataset name', SLUG, SLUG_RULE) as Parser<DatasetName>;
export const parseFunctionName = parser('function name', SLUG, SLUG_RULE) as Parser<FunctionName>;
export const parseSha256 = parser(
  'SHA-256 digest',
  /^[0-9a-f]{64}$/,
  'It takes 64 hexadecimal digits.',
  lower,
) as Parser<Sha256>;
export const parseImageDigest = parser(
  'image digest',
  /^sha256:[0-9a-f]{64}$/,
  'It takes "sha256:" and 64 hexadecimal digits.',
  lower,
) as Parser<ImageDigest>;
export const parseFingerprint = parser(
  'certificate fingerprint',
  /^[0-9A-F]{40}$/,
  'It takes 40 hexadecimal digits.',
  (text) => text.replaceAll(' ', '').toUpperCase(),
) as Parser<Fingerprint>;
export const parseEmailAddress = parser(
  'e-mail address',
  /^[^\s@<>"]{1,64}@[^\s@<>"]{1,255}$/,
  'It takes one "@" and no spaces.',
  lower,
) as Parser<EmailAddress>;
export const parseAssociationId = parser('association id', UUID, 'It is a UUID.', lower) as Parser<AssociationId>;
export const parseJobId = parser('job id', UUID, 'It is a UUID.', lower) as Parser<JobId>;

export const parseFunctionId = parser(
  'function id',
  FUNCTION_ID,
  'It takes 22 letters and digits, as `strongroom function deploy` printed it.',
) as Parser<FunctionId>;
export const isFunctionId = (text: string): text is FunctionId => FUNCTION_ID.test(text);

/** A container as people write it: `owner/name`. */
export interface ContainerRef {
  readonly owner: Handle;
  readonly name: ContainerName;
}

/** Parses `owner/name`, or a bare `name` that then belongs to `ownerIfBare`. */
export function parseContainerRef(text: string, ownerIfBare?: Handle): ContainerRef {
  const [first, second, ...rest] = text.split('/');
  if (rest.length > 0 || first === undefined) {
    throw new StrongroomError('E_INVALID_NAME', `${JSON.stringify(text)} is not a container.`, {
      next: 'Write owner/name.',
    });
  }
  if (second !== undefined) return { owner: parseHandle(first), name: parseContainerName(second) };
  if (ownerIfBare) return { owner: ownerIfBare, name: parseContainerName(first) };
  throw new StrongroomError('E_INVALID_NAME', `${JSON.stringify(text)} does not say whose container it is.`, {
    next: 'Write owner/name.',
  });
}

export const formatContainerRef = (ref: ContainerRef): string => `${ref.owner}/${ref.name}`;

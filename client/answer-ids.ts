/** Checks the ids in an answer of the platform before anyone builds a path, a command or a message from them. */
import { StrongroomError } from '../domain/errors.ts';
import {
  parseAssociationId,
  parseBenchmarkName,
  parseContainerName,
  parseDatasetName,
  parseEmailAddress,
  parseFingerprint,
  parseFunctionId,
  parseFunctionName,
  parseHandle,
  parseImageDigest,
  parseJobId,
  parseSha256,
} from '../domain/ids.ts';

const PARSERS = {
  AssociationId: parseAssociationId,
  BenchmarkName: parseBenchmarkName,
  ContainerName: parseContainerName,
  DatasetName: parseDatasetName,
  EmailAddress: parseEmailAddress,
  Fingerprint: parseFingerprint,
  FunctionId: parseFunctionId,
  FunctionName: parseFunctionName,
  Handle: parseHandle,
  ImageDigest: parseImageDigest,
  JobId: parseJobId,
  Sha256: parseSha256,
} as const;

type Kind = keyof typeof PARSERS;

/** For each place in an answer, like `items.*.owner`, what kind of id stands there; with `?` it may be missing. */
export type IdPlaces = Readonly<Record<string, Kind | `${Kind}?`>>;

/** Fails with `E_UNAVAILABLE` where `answer` has something else than an id at one of `places`. */
export function checkIds(answer: unknown, places: IdPlaces): void {
  for (const [place, kind] of Object.entries(places)) {
    for (const value of valuesAt(answer, place.split('.'))) {
      if (!isId(value, kind)) throw malformed(place);
    }
  }
}

function isId(value: unknown, kind: Kind | `${Kind}?`): boolean {
  if (value === null || value === undefined) return kind.endsWith('?');
  try {
    return PARSERS[kind.replace('?', '') as Kind](value) === value;
  } catch {
    return false;
  }
}

function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [step, ...rest] = path;
  if (step === undefined) return [value];
  if (step === '*') return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : [];
  return typeof value === 'object' && value !== null ? valuesAt((value as Record<string, unknown>)[step], rest) : [];
}

const malformed = (place: string) =>
  new StrongroomError('E_UNAVAILABLE', `The platform's answer is malformed at ${place}.`, {
    next: 'Check that the platform and this program have the same version.',
  });

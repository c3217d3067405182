/** Checks the ids in an answer of the platform before anyone builds a path, a command or a message from them. */
import { StrongroomError } from '../domain/errors.ts';
import {
  parseAssociationId,
  parseBenchmarkName,
  parseContainerName,
  parseDatasetName,
  parseEmailAddress,
  parseFingerprint,
  parseHandle,
  parseImageDigest,
  parseSha256,
} from '../domain/ids.ts';

const PARSERS = {
  AssociationId: parseAssociationId,
  BenchmarkName: parseBenchmarkName,
  ContainerName: parseContainerName,
  DatasetName: parseDatasetName,
  EmailAddress: parseEmailAddress,
  Fingerprint: parseFingerprint,
  Handle: parseHandle,
  ImageDigest: parseImageDigest,
  Sha256: parseSha256,
} as const;

/** For each place in an answer, like `items.*.owner`, what kind of id stands there. */
export type IdPlaces = Readonly<Record<string, keyof typeof PARSERS>>;

/** Fails with `E_UNAVAILABLE` where `answer` has something else than an id, or `null`, at one of `places`. */
export function checkIds(answer: unknown, places: IdPlaces): void {
  for (const [place, kind] of Object.entries(places)) {
    for (const value of valuesAt(answer, place.split('.'))) {
      if (!isId(value, kind)) throw malformed(place);
    }
  }
}

function isId(value: unknown, kind: keyof typeof PARSERS): boolean {
  try {
    return PARSERS[kind](value) === value;
  } catch {
    return false;
  }
}

function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  if (value === null || value === undefined) return [];
  const [step, ...rest] = path;
  if (step === undefined || step === '') return [value];
  if (step === '*') return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : [];
  return typeof value === 'object' ? valuesAt((value as Record<string, unknown>)[step], rest) : [];
}

const malformed = (place: string) =>
  new StrongroomError('E_UNAVAILABLE', `The platform's answer is malformed at ${place}.`, {
    next: 'Check that the platform and this program have the same version.',
  });

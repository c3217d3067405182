/** Reads a tar archive entry by entry, in bounded memory, and names what is wrong with it in our words. */
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { Extract, Header } from 'tar-stream';
import { StrongroomError } from '../domain/errors.ts';
import { asError, codeOf, messageOf } from './failure.ts';

export interface TarHeader {
  readonly name: string;
  readonly type: Header['type'] | 'unknown';
  readonly size: number;
  readonly linkName: string;
  /** Extended headers by name, as far as the entry has any. */
  readonly extended: Readonly<Record<string, string>>;
}

/** Sees one entry; what it leaves unread of `content` is skipped. */
export type VisitEntry = (header: TarHeader, content: AsyncIterable<Buffer>) => Promise<void>;

/** Visits all entries of `source` in order. Fails as `failure` says where it is no complete tar archive. */
export async function readTar(
  source: AsyncIterable<Buffer>,
  failure: (why: string) => StrongroomError,
  visit: VisitEntry,
): Promise<void> {
  const reader = openReader();
  const failures: Failures = {};
  const visits = visitAll(reader, visit).catch((error: unknown) => {
    failures.visit = error;
    reader.destroy();
  });
  const reading = pipeline(noting(source, failures), reader).catch((error: unknown) => (failures.reading = error));
  await Promise.all([reading, visits]);
  const told = isConsequence(failures.visit) ? undefined : failures.visit;
  const reason = failures.source ?? told ?? failures.reading ?? failures.visit;
  if (reason === undefined) return;
  if (isTarProblem(reason)) throw failure(messageOf(reason).replace(/\.$/, ''));
  throw asError(reason);
}

/** Where it went wrong. One failure closes all streams around it, and those then say no more than that. */
interface Failures {
  source?: unknown;
  visit?: unknown;
  reading?: unknown;
}

/** Whether an error only says that a stream was closed, because another one had failed. */
const isConsequence = (error: unknown): boolean => /premature|Stream was destroyed/i.test(messageOf(error));

async function* noting(source: AsyncIterable<Buffer>, failures: Failures): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    failures.source = error;
    throw error;
  }
}

/** tar-stream's reader is a stream like Node's; its types say neither that nor that it reads the oldest format, too. */
function openReader(): Extract & NodeJS.WritableStream {
  const open = extract as (options: { allowUnknownFormat: boolean }) => unknown;
  return open({ allowUnknownFormat: true }) as Extract & NodeJS.WritableStream;
}

async function visitAll(reader: Extract, visit: VisitEntry): Promise<void> {
  for await (const entry of reader) {
    await visit(headerOf(entry.header), entry as AsyncIterable<Buffer>);
    entry.resume();
  }
}

/** The header as it really is: an entry of another type than the listed ones has none, and not every one has a link. */
interface RawHeader extends Omit<Header, 'type' | 'linkname' | 'pax'> {
  readonly type: Header['type'] | null;
  readonly linkname: string | null;
  readonly pax?: Readonly<Record<string, string>> | null;
}

function headerOf(header: Header): TarHeader {
  const { name, type, size, linkname, pax } = header as RawHeader;
  return { name, type: type ?? 'unknown', size, linkName: linkname ?? '', extended: pax ?? {} };
}

/** What tar-stream says of bytes that are no tar archive, and zlib of bytes that are not compressed well. */
const isTarProblem = (thrown: unknown): boolean =>
  !(thrown instanceof StrongroomError) &&
  (/tar header|Invalid header|Header exceeds|Unexpected end of data/.test(messageOf(thrown)) ||
    /^(?:Z_|ZSTD_)/.test(codeOf(thrown) ?? ''));

/** Whether the first 512 bytes are the header of a tar entry. */
export const looksLikeTar = (head: Buffer): boolean => head.subarray(257, 262).toString('latin1') === 'ustar';

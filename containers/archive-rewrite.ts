/**
 * Writes an image archive anew on its way into Docker: the layers as they are, the configuration under its digest, and a
 * manifest of our own. So no tag, index or stray file of the archive reaches the engine, whatever it holds.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { StrongroomError } from '../domain/errors.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { checkEntryName, isJson, linkTarget, notAnArchive } from './archive-contents.ts';
import { parseManifest } from './archive-manifest.ts';
import { checkConfigDigest, expectImage } from './archive-structure.ts';
import { decompress, peek } from './compression.ts';
import { asError } from './failure.ts';
import { hostile, quoteName } from './hostile-archive.ts';
import { readTar } from './tar-entries.ts';
import type { TarHeader } from './tar-entries.ts';

export interface RewrittenArchive {
  /** What Docker is given. It fails before its end unless the archive holds the expected image. */
  readonly stream: Readable;
  /** Fails with the reason where the stream only says that it broke off. */
  readonly finished: Promise<void>;
}

/** Rewrites `archive`, which must hold the image `expected`, so that Docker knows it as `name` only. */
export function rewriteArchive(archive: AsyncIterable<Buffer>, expected: ImageDigest, name: string): RewrittenArchive {
  const output = pack();
  const rewriting: Rewriting = { output, metadata: new Map(), links: new Map(), names: new Set() };
  const finished = rewrite(rewriting, archive, expected, name);
  finished.catch((error: unknown) => output.destroy(asError(error)));
  return { stream: Readable.from(output as AsyncIterable<Buffer>, { objectMode: false }), finished };
}

interface Rewriting {
  readonly output: Pack;
  readonly metadata: Map<string, Buffer>;
  readonly links: Map<string, string>;
  readonly names: Set<string>;
}

async function rewrite(
  into: Rewriting,
  archive: AsyncIterable<Buffer>,
  expected: ImageDigest,
  name: string,
): Promise<void> {
  await readTar(decompress(await peek(archive)), { what: 'The archive', failure: notAnArchive }, (header, content) =>
    rewriteEntry(into, header, content),
  );
  const manifest = parseManifest(into);
  const digest = checkConfigDigest(manifest);
  expectImage(digest, expected);
  const configName = `${digest.slice('sha256:'.length)}.json`;
  const images = [{ Config: configName, RepoTags: [name], Layers: manifest.layers }];
  into.output.entry(plainFile(configName), manifest.config);
  into.output.entry(plainFile('manifest.json'), JSON.stringify(images));
  into.output.finalize();
}

async function rewriteEntry(into: Rewriting, header: TarHeader, content: AsyncIterable<Buffer>): Promise<void> {
  const kind = checkEntryName(into.names, header);
  if (kind === 'folder') return;
  if (header.type === 'symlink') {
    into.links.set(header.name, linkTarget(header));
    return;
  }
  const peeked = await peek(content);
  if (kind === 'layer' || (kind === 'blob' && !isJson(peeked))) {
    await passOn(into.output, header, peeked.stream);
  } else {
    into.metadata.set(header.name, await readSmall(header, peeked.stream));
  }
}

async function passOn(output: Pack, header: TarHeader, content: AsyncIterable<Buffer>): Promise<void> {
  const entry = output.entry({ ...plainFile(header.name), size: header.size }) as unknown as NodeJS.WritableStream;
  await pipeline(content, entry);
}

const MAX_METADATA_FILE = 4 * 2 ** 20;

async function readSmall(header: TarHeader, content: AsyncIterable<Buffer>): Promise<Buffer> {
  if (header.size > MAX_METADATA_FILE)
    throw hostile('metadata-size', `The file ${quoteName(header.name)} is too large.`);
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const plainFile = (name: string) => ({ name, mode: 0o644, mtime: new Date(0) });

/** Waits for what Docker says of a load and answers only when it went well. */
export async function readLoadAnswer(answer: AsyncIterable<Buffer | string>): Promise<void> {
  let text = '';
  for await (const chunk of answer) text = (text + chunk.toString()).slice(-64 * 1024);
  const problem = /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  if (problem === undefined) return;
  if (/no space left on device/i.test(problem)) {
    throw new StrongroomError('E_NO_SPACE', 'The disk of Docker Engine is full.', {
      next: 'Make room where Docker keeps its images (docker system df), then try again.',
    });
  }
  throw hostile('layers', `Docker Engine did not take the archive: ${problem.slice(0, 300)}`);
}

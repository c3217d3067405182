/**
 * Writes an image archive anew on its way into Docker: the layers as they are, the configuration under its digest, and a
 * manifest of our own. So no tag, index or stray file of the archive reaches the engine, whatever it holds. Every check
 * is made once more on the way, and Docker gets the manifest, without which it loads nothing, only after the last one.
 */
import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { StrongroomError } from '../domain/errors.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { collectArchive } from './archive-contents.ts';
import type { PassLayer } from './archive-contents.ts';
import { checkContents } from './archive-structure.ts';
import type { ArchiveLimits } from './archive-structure.ts';
import { asError } from './failure.ts';
import { hostile } from './hostile-archive.ts';

export interface RewrittenArchive {
  /** What Docker is given. It fails before its end unless the archive holds the expected image. */
  readonly stream: Readable;
  /** Fails with the reason where the stream only says that it broke off. */
  readonly finished: Promise<void>;
}

/** Rewrites `archive`, which must hold the image `expected`, so that Docker knows it as `name` only. */
export function rewriteArchive(
  archive: AsyncIterable<Buffer>,
  expected: ImageDigest,
  name: string,
  limits: ArchiveLimits,
): RewrittenArchive {
  const output = pack();
  const finished = rewrite(output, archive, expected, name, limits);
  finished.catch((error: unknown) => output.destroy(asError(error)));
  return { stream: Readable.from(output as AsyncIterable<Buffer>, { objectMode: false }), finished };
}

async function rewrite(
  output: Pack,
  archive: AsyncIterable<Buffer>,
  expected: ImageDigest,
  name: string,
  limits: ArchiveLimits,
): Promise<void> {
  const contents = await collectArchive(archive, limits, passInto(output));
  const { imageDigest, manifest } = checkContents(contents);
  if (imageDigest !== expected) throw anotherImage(imageDigest, expected);
  const configName = `${imageDigest.slice('sha256:'.length)}.json`;
  const images = [{ Config: configName, RepoTags: [name], Layers: manifest.layers }];
  output.entry(plainFile(configName), manifest.config);
  output.entry(plainFile('manifest.json'), JSON.stringify(images));
  output.finalize();
}

const anotherImage = (found: ImageDigest, expected: ImageDigest) =>
  new StrongroomError('E_DIGEST_MISMATCH', 'The archive holds another image than the registered one.', {
    why: `It holds ${found}; registered is ${expected}.`,
    next: 'Nothing was loaded. Ask its owner which archive is the right one.',
  });

const plainFile = (name: string) => ({ name, mode: 0o644, mtime: new Date(0) });

/** Writes each layer into `output` while it is read to be checked. */
const passInto = (output: Pack): PassLayer =>
  async function* (name, size, content) {
    const entry = output.entry({ ...plainFile(name), size }) as unknown as Writable;
    let goOn: () => void = () => undefined;
    for (const event of ['drain', 'close']) entry.on(event, () => goOn());
    // Its failure is the output's, which whoever reads the output is told.
    entry.on('error', () => undefined);
    for await (const chunk of content) {
      if (!entry.write(chunk) && !entry.destroyed) await new Promise<void>((resolve) => (goOn = resolve));
      if (entry.destroyed) throw new Error('Docker Engine stopped reading the archive.');
      yield chunk;
    }
    entry.end();
  };

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

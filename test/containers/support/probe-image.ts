/** Small images for tests, made of one static program each: they need no registry and no builder. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { readLoadAnswer } from '../../../containers/archive-rewrite.ts';
import type { ImageDigest } from '../../../domain/ids.ts';
import { parseImageDigest } from '../../../domain/ids.ts';
import { imageArchive } from '../../../examples/image-archive.ts';
import type { ImageFile, ImageSettings } from '../../../examples/image-archive.ts';

const run = promisify(execFile);

/** Compiles `<name>.c` of this folder into a static program. */
export async function compile(name: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-probe-'));
  try {
    const binary = join(folder, name);
    await run('gcc', ['-static', '-O1', '-w', '-o', binary, join(import.meta.dirname, `${name}.c`)]).catch(
      (error: unknown) => {
        throw new Error('These tests compile a small static program: apt-get install gcc libc6-dev', { cause: error });
      },
    );
    return await readFile(binary);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface TestImage {
  readonly imageName: string;
  /** What this engine calls the image: newer ones do not name it by its configuration. */
  readonly engineId: ImageDigest;
}

/** Gives Docker an image of these files. Its name is only this test process's. */
export async function giveImage(
  docker: Docker,
  label: string,
  files: readonly ImageFile[],
  settings: ImageSettings,
): Promise<TestImage> {
  const imageName = `strongroom-test-${process.pid}-${label}:1`;
  const { stream } = await imageArchive([files], settings, imageName);
  await readLoadAnswer((await docker.loadImage(stream, { quiet: true })) as AsyncIterable<Buffer>);
  const { Id } = await docker.getImage(imageName).inspect();
  return { imageName, engineId: parseImageDigest(Id) };
}

/** The probe with a set-user-id program beside it. `settings` are what the image's author may set. */
export async function giveProbe(docker: Docker, label = 'probe', settings: ImageSettings = {}): Promise<TestImage> {
  const [probe, suid] = await Promise.all([compile('probe'), compile('suid')]);
  const files = [
    { path: '/probe', from: probe, mode: 0o755 },
    { path: '/suid', from: suid, mode: 0o4755 },
    { path: '/bin/sh', from: probe, mode: 0o755 },
    { path: '/declared/file', from: Buffer.from('of the image'), mode: 0o666 },
    { path: '/result.yaml', from: Buffer.from(''), mode: 0o666 },
  ];
  return giveImage(docker, label, files, { Entrypoint: ['/probe'], ...settings });
}

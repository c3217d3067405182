import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { inspectImageArchive } from '../../containers/archive-structure.ts';
import { readLoadAnswer } from '../../containers/archive-rewrite.ts';
import { connectDocker, keepsImagesInContainerd } from '../../containers/docker.ts';
import { exportImage } from '../../containers/image-export.ts';
import { loadImage } from '../../containers/image-load.ts';
import { ownImageName } from '../../containers/own-names.ts';
import { reapLeftovers } from '../../containers/reaping.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { ImageDigest } from '../../domain/ids.ts';
import { parseImageDigest } from '../../domain/ids.ts';
import { imageArchive } from '../../examples/image-archive.ts';
import { classicParts, configOf, layer, ociParts, sha256 } from './support/image-parts.ts';
import { tar } from './support/tar.ts';

const ME = `test/image-load/${process.pid}`;
let docker: Docker;
let round = 0;
/** Layers that no other test, and no earlier run of this one, has given to Docker. */
let layers: Buffer[];
let runId: string;

beforeAll(async () => {
  docker = await connectDocker();
});

beforeEach(() => {
  round += 1;
  layers = [layer(`one ${ME} ${round} ${Date.now()}`), layer(`two ${round}`)];
  runId = `${ME}/${round}`;
});

afterAll(async () => {
  for (let at = 1; at <= round; at += 1) await reapLeftovers(docker, { runId: `${ME}/${at}` });
});

const digestOf = (config: Record<string, unknown>): ImageDigest =>
  parseImageDigest(`sha256:${sha256(JSON.stringify(config))}`);
const streamOf = (archive: Buffer): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < archive.length; at += 4096) yield archive.subarray(at, at + 4096);
    })(),
    { objectMode: false },
  );

async function isHere(image: string): Promise<boolean> {
  return docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

async function failure(attempt: Promise<unknown>): Promise<StrongroomError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof StrongroomError) return error;
    throw error;
  }
  throw new Error('it went well');
}

interface BuiltImage {
  readonly digest: ImageDigest;
  /** What this engine calls the image: newer ones do not name it by its configuration. */
  readonly id: string;
}

/** Gives Docker an image of its own, as its owner would have built it. */
async function build(content: string, name: string): Promise<BuiltImage> {
  const files = [{ path: '/content', from: Buffer.from(content), mode: 0o644 }];
  const { stream, imageDigest } = await imageArchive([files], {}, name);
  await readLoadAnswer((await docker.loadImage(stream)) as AsyncIterable<Buffer>);
  return { digest: imageDigest, id: (await docker.getImage(name).inspect()).Id };
}

describe('E4: an archive is loaded', () => {
  test.each(['classic', 'plain', 'gzip'] as const)('in the %s layout, under a name of our own only', async (layout) => {
    const parts = layout === 'classic' ? classicParts(layers) : ociParts(layers, layout);
    const digest = digestOf(configOf(layers));
    const image = await loadImage(docker, streamOf(tar(parts)), digest, runId);
    expect(image.imageDigest).toBe(digest);
    expect((await docker.getImage(image.engineId).inspect()).RepoTags).toEqual([image.name]);
    await image.remove();
    expect(await isHere(image.engineId)).toBe(false);
    await image.remove();
  });

  test('without touching a local image whose tag it claims', async () => {
    const victim = `strongroom-test-victim-${process.pid}:latest`;
    const mine = await build(`mine ${runId}`, victim);
    const parts = classicParts(layers, configOf(layers), [victim, 'alpine:latest']).map((part) =>
      part.name === 'repositories'
        ? { ...part, body: JSON.stringify({ [victim.split(':')[0]!]: { latest: 'x' } }) }
        : part,
    );
    const image = await loadImage(docker, streamOf(tar(parts)), digestOf(configOf(layers)), runId);
    expect((await docker.getImage(victim).inspect()).Id).toBe(mine.id);
    await image.remove();
    expect((await docker.getImage(victim).inspect()).Id).toBe(mine.id);
    await docker.getImage(victim).remove();
  });

  test('with a layer that is a link to another one', async () => {
    const same = [layers[0]!, layers[0]!];
    const parts = classicParts(same);
    const [first, second] = parts.filter((part) => part.name.endsWith('/layer.tar'));
    const linked = parts.map((part) =>
      part === second ? { name: part.name, type: '2', link: `../${first!.name}` } : part,
    );
    const image = await loadImage(docker, streamOf(tar(linked)), digestOf(configOf(same)), runId);
    expect((await docker.getImage(image.engineId).inspect()).RootFS.Layers).toHaveLength(2);
    await image.remove();
  });

  test('again by two runs at once; each takes only its own name away', async () => {
    const archive = tar(classicParts(layers));
    const digest = digestOf(configOf(layers));
    const [first, second] = await Promise.all(
      ['a', 'b'].map(async (name) => loadImage(docker, streamOf(archive), digest, `${runId}/${name}`)),
    );
    await first!.remove();
    expect(await isHere(second!.engineId)).toBe(true);
    await second!.remove();
    expect(await isHere(second!.engineId)).toBe(false);
  });
});

describe('an image that is here already', () => {
  test('keeps the names that its owner gave it', async () => {
    const name = `strongroom-test-owner-${process.pid}:1`;
    const { digest, id } = await build(`own ${runId}`, name);
    const { stream } = await exportImage(docker, name);
    const image = await loadImage(docker, stream, digest, runId);
    const names = async () => (await docker.getImage(name).inspect()).RepoTags;
    expect((await names()).sort()).toEqual([name, image.name].sort());
    await image.remove();
    expect(await names()).toEqual([name]);
    expect((await docker.getImage(name).inspect()).Id).toBe(id);
    await docker.getImage(name).remove();
  });

  test('stays where its owner gave it no name', async () => {
    // containerd removes a nameless image together with the last name of the same image.
    if (await keepsImagesInContainerd(docker)) return;
    const archive = tar(classicParts(layers));
    const nameless = async () => {
      const listed = await docker.listImages({ all: true, filters: { dangling: ['true'] } });
      return listed.map(({ Id }) => Id);
    };
    await readLoadAnswer((await docker.loadImage(streamOf(archive))) as AsyncIterable<Buffer>);
    // Others may be building theirs just now.
    const mine = digestOf(configOf(layers));
    expect(await nameless()).toContain(mine);
    const image = await loadImage(docker, streamOf(archive), digestOf(configOf(layers)), runId);
    await image.remove();
    expect(await nameless()).toContain(mine);
    await docker.getImage(mine).remove();
  });
});

describe('E4: nothing is left of an archive', () => {
  const expectNothing = async () => {
    expect(await isHere(digestOf(configOf(layers)))).toBe(false);
    const ours = await docker.listImages({ filters: { reference: ['strongroom/*'] } });
    const [repository] = ownImageName(runId).split(':');
    expect(ours.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.startsWith(`${repository!}:`))).toEqual(
      [],
    );
  };

  test('that holds another image than the registered one', async () => {
    const other = parseImageDigest(`sha256:${'0'.repeat(64)}`);
    const error = await failure(loadImage(docker, streamOf(tar(classicParts(layers))), other, runId));
    expect(error.code).toBe('E_DIGEST_MISMATCH');
    // Said before the engine had it all, not after it had loaded it.
    expect(error.message).toContain('The archive holds another image');
    await expectNothing();
  });

  test('whose layer is not the one that its configuration lists', async () => {
    const parts = classicParts([layers[0]!, layer('forged')], configOf(layers));
    const error = await failure(loadImage(docker, streamOf(tar(parts)), digestOf(configOf(layers)), runId));
    expect(error.code).toBe('E_HOSTILE_ARCHIVE');
    await expectNothing();
  });

  test('that breaks off, with the reason of the stream that broke', async () => {
    const archive = tar(classicParts(layers));
    const broken = Readable.from(
      (function* () {
        yield archive.subarray(0, archive.length - 2048);
        throw new StrongroomError('E_DAMAGED', 'The archive is damaged.');
      })(),
      { objectMode: false },
    );
    expect((await failure(loadImage(docker, broken, digestOf(configOf(layers)), runId))).code).toBe('E_DAMAGED');
    await expectNothing();
  });

  test('that ends too early', async () => {
    const archive = tar(classicParts(layers)).subarray(0, 4096);
    const error = await failure(loadImage(docker, streamOf(archive), digestOf(configOf(layers)), runId));
    expect(['E_NOT_AN_ARCHIVE', 'E_HOSTILE_ARCHIVE']).toContain(error.code);
    await expectNothing();
  });

  test('whose load is interrupted', async () => {
    const stop = new AbortController();
    const archive = tar(classicParts(layers));
    const stuck = Readable.from(
      (async function* () {
        yield archive.subarray(0, 2048);
        stop.abort();
        await new Promise(() => undefined);
      })(),
      { objectMode: false },
    );
    const loading = loadImage(docker, stuck, digestOf(configOf(layers)), runId, { signal: stop.signal });
    expect((await failure(loading)).code).toBe('E_INTERRUPTED');
    await expectNothing();
  });

  test('with names that climb, although nobody inspected it before', async () => {
    const parts = [{ name: '../../canary', body: 'x' }, ...classicParts(layers)];
    const error = await failure(loadImage(docker, streamOf(tar(parts)), digestOf(configOf(layers)), runId));
    expect(error.code).toBe('E_HOSTILE_ARCHIVE');
    await expectNothing();
  });
});

describe('an export', () => {
  test('is an archive that passes inspection, holds no tag, and loads', async () => {
    const name = `strongroom-test-export-${process.pid}:1`;
    const { digest } = await build(`export ${runId}`, name);
    const { stream, imageDigest, sizeEstimate } = await exportImage(docker, name);
    expect(imageDigest).toBe(digest);
    expect(sizeEstimate).toBeGreaterThan(0);
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    const archive = Buffer.concat(chunks);
    expect((await inspectImageArchive(streamOf(archive))).imageDigest).toBe(digest);
    expect(archive.includes(name.split(':')[0]!)).toBe(false);
    await docker.getImage(name).remove();
    const image = await loadImage(docker, streamOf(archive), digest, runId);
    expect(await isHere(image.name)).toBe(true);
    await image.remove();
  });

  test.each(['strongroom-test-not-there:1', `sha256:${'0'.repeat(64)}`, '-v', '--help', '', 'a b', '../x', 'x?y=z'])(
    'of %j is refused',
    async (name) => {
      expect((await failure(exportImage(docker, name))).code).toBe('E_IMAGE_NOT_FOUND');
    },
  );

  test('fails when it is interrupted', async () => {
    const name = `strongroom-test-interrupted-${process.pid}:1`;
    await build(`interrupted ${runId}`, name);
    const stop = new AbortController();
    const { stream } = await exportImage(docker, name, { signal: stop.signal });
    stop.abort();
    await expect(stream.toArray()).rejects.toThrow(/abort/i);
    await docker.getImage(name).remove();
  });
});

describe('leftovers of a killed process', () => {
  const leave = async (image: string, labels: Record<string, string>) =>
    docker.createContainer({ Image: image, Cmd: ['/content'], Labels: labels });
  const exists = async (id: string) =>
    docker
      .getContainer(id)
      .inspect()
      .then(
        () => true,
        () => false,
      );
  const aWeekAgo = () => new Date(Date.now() - 7 * 86_400_000);

  test('of one run are removed, those of another are not', async () => {
    const image = `strongroom-test-container-${process.pid}:1`;
    await build(`container ${runId}`, image);
    const mine = await leave(image, { 'strongroom.run': runId });
    const other = await leave(image, { 'strongroom.run': `${runId}/other` });
    await build(`mine ${runId}`, ownImageName(runId));
    await docker.createVolume({ Name: `strongroom-test-${process.pid}`, Labels: { 'strongroom.run': runId } });
    expect(await reapLeftovers(docker, { runId })).toEqual({ containers: 1, volumes: 1, images: 1 });
    expect(await exists(mine.id)).toBe(false);
    expect(await exists(other.id)).toBe(true);
    expect(await reapLeftovers(docker, { runId })).toEqual({ containers: 0, volumes: 0, images: 0 });
    await other.remove();
    await docker.getImage(image).remove();
  });

  test('are removed once they are old; what is not ours, and what is young, stays', async () => {
    const old = String(Math.floor(aWeekAgo().getTime() / 1000));
    const image = `strongroom-test-container-${process.pid}:1`;
    await build(`container ${runId}`, image);
    const stale = await leave(image, { 'strongroom.run': runId, 'strongroom.started': old });
    const young = await leave(image, {
      'strongroom.run': runId,
      'strongroom.started': String(Math.floor(Date.now() / 1000)),
    });
    const foreign = await leave(image, { 'strongroom.started': old });
    const staleImage = ownImageName(runId, aWeekAgo());
    await build(`stale ${runId}`, staleImage);
    const foreignImage = `strongroom-test-foreign-${process.pid}:${old}`;
    await build(`foreign ${runId}`, foreignImage);
    const reaped = await reapLeftovers(docker, { olderThanSeconds: 6 * 86_400 });
    expect(reaped.containers).toBeGreaterThanOrEqual(1);
    expect([await exists(stale.id), await exists(young.id), await exists(foreign.id)]).toEqual([false, true, true]);
    expect([await isHere(staleImage), await isHere(foreignImage)]).toEqual([false, true]);
    for (const container of [young, foreign]) await container.remove();
    for (const name of [foreignImage, image]) await docker.getImage(name).remove();
  });
});

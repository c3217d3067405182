import { describe, expect, test } from '@jest/globals';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { inspectImageArchive } from '../../containers/archive-structure.ts';
import type { ArchiveLimits, InspectedArchive } from '../../containers/archive-structure.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { classicParts, configOf, layer, ociParts, sha256 } from './support/image-parts.ts';
import { END_OF_TAR, paxHeader, tar, tarHeader, tarPart } from './support/tar.ts';
import type { TarPart } from './support/tar.ts';

const LIMITS: ArchiveLimits = { archiveBytes: 2 ** 20, unpackedBytes: 2 ** 20 };
const LAYERS = [layer('one'), layer('two')];
const ID = 'a'.repeat(64);

async function inspect(archive: Buffer, limits = LIMITS, chunk = 1000): Promise<InspectedArchive> {
  async function* chunks() {
    for (let at = 0; at < archive.length; at += chunk) yield archive.subarray(at, at + chunk);
  }
  return inspectImageArchive(chunks(), limits);
}

async function refusal(archive: Buffer, limits = LIMITS): Promise<StrongroomError> {
  try {
    await inspect(archive, limits);
  } catch (error) {
    if (error instanceof StrongroomError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

async function expectHostile(
  parts: readonly TarPart[] | Buffer,
  rule: string,
  limits = LIMITS,
): Promise<StrongroomError> {
  const error = await refusal(Buffer.isBuffer(parts) ? parts : tar(parts), limits);
  expect(error.why).toContain(`Rule "${rule}"`);
  expect(error.code).toBe('E_HOSTILE_ARCHIVE');
  return error;
}

const good = () => classicParts(LAYERS);
const change = (parts: TarPart[], name: RegExp, into: (part: TarPart) => TarPart | TarPart[]): TarPart[] => {
  expect(parts.some((part) => name.test(part.name))).toBe(true);
  return parts.flatMap((part) => (name.test(part.name) ? into(part) : part));
};

describe('an archive of one image is accepted', () => {
  const digest = `sha256:${sha256(JSON.stringify(configOf(LAYERS)))}`;
  const layers = LAYERS.map((bytes) => ({ diffId: `sha256:${sha256(bytes)}`, size: bytes.length }));

  test.each([
    ['in the classic layout', classicParts(LAYERS)],
    ['in the OCI layout', ociParts(LAYERS, 'plain')],
    ['in the OCI layout with gzip layers', ociParts(LAYERS, 'gzip')],
    ['in the OCI layout with zstd layers', ociParts(LAYERS, 'zstd')],
  ])('%s', async (_layout, parts) => {
    const archive = tar(parts);
    expect(await inspect(archive)).toEqual({ imageDigest: digest, layers, totalSize: archive.length });
  });

  test('packed as a whole', async () => {
    expect((await inspect(gzipSync(tar(good())))).imageDigest).toBe(digest);
    expect((await inspect(zstdCompressSync(tar(good())))).imageDigest).toBe(digest);
  });

  test('in whatever pieces it arrives', async () => {
    const archive = tar(ociParts(LAYERS, 'gzip'));
    for (const chunk of [1, 511, 512, 513, archive.length]) {
      expect((await inspect(archive, LIMITS, chunk)).imageDigest).toBe(digest);
    }
  });

  test('with the link that engines write where a layer occurs twice', async () => {
    const same = [layer('same'), layer('same')];
    const parts = classicParts(same);
    const [first, second] = parts.filter((part) => part.name.endsWith('/layer.tar'));
    const linked = parts.map((part) =>
      part === second ? { name: part.name, type: '2', link: `../${first!.name}` } : part,
    );
    expect((await inspect(tar(linked))).layers).toHaveLength(2);
  });

  test('with a legacy configuration that no index mentions, and with attestations', async () => {
    const legacy = JSON.stringify({ id: 'legacy' });
    const statement = JSON.stringify({ config: { digest: `sha256:${ID}` }, layers: [] });
    const parts = change(ociParts(LAYERS, 'gzip'), /^index\.json$/, (part) => {
      const index = JSON.parse(String(part.body)) as { manifests: unknown[] };
      const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
      index.manifests.push({ digest: `sha256:${sha256(statement)}`, annotations });
      return { ...part, body: JSON.stringify(index) };
    });
    const more = [legacy, statement].map((body) => ({ name: `blobs/sha256/${sha256(body)}`, body }));
    expect((await inspect(tar([...more, ...parts]))).imageDigest).toBe(digest);
  });
});

describe('E3: entries that no docker save writes', () => {
  const evil: [string, string, TarPart[]][] = [
    ['a name that climbs', 'entry-name', [{ name: '../canary', body: 'x' }]],
    ['a name that climbs from inside', 'entry-name', [{ name: `${ID}/../../canary`, body: 'x' }]],
    ['an absolute name', 'entry-name', [{ name: '/etc/cron.d/x', body: 'x' }]],
    ['a file of its own', 'entry-name', [{ name: 'README', body: 'x' }]],
    ['a name in capitals', 'entry-name', [{ name: 'Manifest.json', body: '[]' }]],
    ['a name of other letters', 'entry-name', [{ name: 'mаnifest.json', body: '[]' }]],
    ['a name with a dot before it', 'entry-name', [{ name: './manifest.json', body: '[]' }]],
    [
      'a name behind an extended header',
      'entry-name',
      [paxHeader({ path: '../../canary' }), { name: 'oci-layout', body: 'x' }],
    ],
    [
      'a long name of GNU tar',
      'entry-name',
      [{ name: '././@LongLink', type: 'L', body: `../${'x'.repeat(200)}\0` }, { name: 'oci-layout' }],
    ],
    ['a link out of the archive', 'link', [{ name: `${ID}/layer.tar`, type: '2', link: '../../../etc/shadow' }]],
    ['an absolute link', 'link', [{ name: `${ID}/layer.tar`, type: '2', link: '/etc/shadow' }]],
    ['a link in place of metadata', 'link', [{ name: 'index.json', type: '2', link: '/etc/shadow' }]],
    ['a link to metadata', 'link', [{ name: `${ID}/layer.tar`, type: '2', link: '../manifest.json' }]],
    [
      'a link and a file through it',
      'entry-type',
      [
        { name: ID, type: '2', link: '/tmp' },
        { name: `${ID}/layer.tar`, body: 'x' },
      ],
    ],
    ['a hard link', 'entry-type', [{ name: `${ID}/layer.tar`, type: '1', link: 'manifest.json' }]],
    [
      'a chain of hard links',
      'entry-type',
      [
        { name: 'oci-layout', type: '1', link: '/etc/passwd' },
        { name: 'index.json', type: '1', link: 'oci-layout' },
      ],
    ],
    ['a character device', 'entry-type', [{ name: 'oci-layout', type: '3' }]],
    ['a block device', 'entry-type', [{ name: 'oci-layout', type: '4' }]],
    ['a FIFO', 'entry-type', [{ name: 'oci-layout', type: '6' }]],
    ['a contiguous file', 'entry-type', [{ name: 'oci-layout', type: '7', body: '{}' }]],
    ['an unknown type', 'entry-type', [{ name: 'oci-layout', type: 'Q', body: '{}' }]],
    ['a sparse file of GNU tar', 'entry-type', [{ name: 'oci-layout', type: 'S', body: '{}' }]],
    [
      'a sparse file of POSIX tar',
      'entry-type',
      [
        paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '99999999999' }),
        { name: 'oci-layout', body: '{}' },
      ],
    ],
    ['a folder in place of a file', 'entry-type', [{ name: 'oci-layout', type: '5' }]],
    ['a folder with content', 'entry-type', [{ name: `${ID}/`, type: '5', body: 'x' }]],
    ['a file in place of a folder', 'entry-type', [{ name: 'blobs', body: 'x' }]],
  ];

  test.each(evil)('%s', async (_what, rule, parts) => {
    await expectHostile([...parts, ...good()], rule);
  });

  test('a set-user-id bit changes nothing: modes of entries are never used', async () => {
    const parts = change(good(), /layer\.tar$/, (part) => ({ ...part, mode: 0o6755 }));
    expect((await inspect(tar(parts))).layers).toHaveLength(2);
  });

  test.each(['manifest.json', 'repositories'])('a second %s', async (name) => {
    await expectHostile([...good(), { name, body: '[]' }], 'duplicate-entry');
  });

  test('a second layer under the name of the first', async () => {
    const parts = good();
    const first = parts.find((part) => part.name.endsWith('/layer.tar'));
    await expectHostile([...parts, first!], 'duplicate-entry');
  });

  test('entries without end', async () => {
    const many = Array.from({ length: 1_200 }, (_, at) => ({
      name: `${at.toString(16).padStart(64, '0')}/VERSION`,
      body: '',
    }));
    await expectHostile([...many, ...good()], 'entry-count');
  });

  test('an entry that claims eight exbibytes', async () => {
    const claim = tarHeader({ name: `${ID}/layer.tar`, size: 8n * 2n ** 60n });
    const error = await refusal(Buffer.concat([claim, Buffer.alloc(2 ** 16, 1)]));
    expect(['E_HOSTILE_ARCHIVE', 'E_NOT_AN_ARCHIVE']).toContain(error.code);
  });

  test('an extended header of many megabytes', async () => {
    const claim = tarHeader({ name: 'x', type: 'x', size: 2 ** 33 });
    expect((await refusal(Buffer.concat([claim, Buffer.alloc(2 ** 16)]))).code).toBe('E_NOT_AN_ARCHIVE');
  });

  test('an archive that is larger than it was registered', async () => {
    const archive = tar(good());
    await expectHostile(archive, 'archive-size', { ...LIMITS, archiveBytes: archive.length - 1 });
    expect((await inspect(archive, { ...LIMITS, archiveBytes: archive.length })).totalSize).toBe(archive.length);
  });

  test('an archive that is a bomb when it is unpacked', async () => {
    await expectHostile(gzipSync(Buffer.concat([tar(good()), Buffer.alloc(2 ** 24)])), 'archive-size');
  });

  test.each([
    ['nothing', Buffer.alloc(0), 'E_HOSTILE_ARCHIVE'],
    ['an empty archive', END_OF_TAR, 'E_HOSTILE_ARCHIVE'],
    ['a text', Buffer.from('<!DOCTYPE html>'), 'E_NOT_AN_ARCHIVE'],
    ['a long text', Buffer.from('<!DOCTYPE html>'.repeat(1000)), 'E_NOT_AN_ARCHIVE'],
    ['damaged gzip', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(600, 7)]), 'E_NOT_AN_ARCHIVE'],
    ['an archive cut off in a layer', tar(good()).subarray(0, 3000), 'E_NOT_AN_ARCHIVE'],
    ['an archive cut off between entries', tar(good()).subarray(0, 512), 'E_HOSTILE_ARCHIVE'],
  ])('%s is no image archive', async (_what, archive, code) => {
    expect((await refusal(archive)).code).toBe(code);
  });
});

describe('E4: archives whose parts do not fit together', () => {
  const manifestWith = (into: (image: Record<string, unknown>) => unknown) =>
    change(good(), /^manifest\.json$/, (part) => {
      const [image] = JSON.parse(String(part.body)) as Record<string, unknown>[];
      return { ...part, body: JSON.stringify(into(image!)) };
    });

  test('a configuration that is not named by its digest', async () => {
    const parts = change(good(), /^[0-9a-f]{64}\.json$/, (part) => ({ ...part, body: `${String(part.body)} ` }));
    await expectHostile(parts, 'config-digest');
  });

  test('a blob that is not named by its digest', async () => {
    for (const body of ['{}', layer('other'), gzipSync(layer('other'))]) {
      await expectHostile([{ name: `blobs/sha256/${ID}`, body }, ...ociParts(LAYERS, 'gzip')], 'blob-digest');
    }
  });

  test('a layer with another content', async () => {
    const other = layer('not it');
    await expectHostile(
      change(good(), /layer\.tar$/, (part) => ({ ...part, body: other })),
      'layer-digest',
    );
  });

  test('layers in another order', async () => {
    await expectHostile(
      manifestWith((image) => [{ ...image, Layers: (image.Layers as string[]).toReversed() }]),
      'layer-digest',
    );
  });

  test('a missing layer', async () => {
    let dropped = false;
    const parts = good().filter((part) => dropped || !(dropped = part.name.endsWith('layer.tar')));
    await expectHostile(parts, 'layers');
  });

  test('a link to a layer that is not there', async () => {
    const parts = change(good(), /layer\.tar$/, (part) => ({ name: part.name, type: '2', link: `../${ID}/layer.tar` }));
    await expectHostile(parts, 'layers');
  });

  test('a layer that the image does not list', async () => {
    await expectHostile([{ name: `${ID}/layer.tar`, body: layer('extra') }, ...good()], 'layers');
  });

  test('fewer layers than the configuration lists', async () => {
    await expectHostile(
      manifestWith((image) => [{ ...image, Layers: [] }]),
      'layers',
    );
  });

  test('two images', async () => {
    await expectHostile(
      manifestWith((image) => [image, image]),
      'one-image',
    );
  });

  test('no image', async () => {
    await expectHostile(
      manifestWith(() => []),
      'one-image',
    );
  });

  test('an index that leads to a second image', async () => {
    const other = ociParts([layer('other')], 'gzip');
    const second = other.find((part) => String(part.body).includes('schemaVersion') && part.name.startsWith('blobs'));
    const parts = change(ociParts(LAYERS, 'gzip'), /^index\.json$/, (part) => {
      const index = JSON.parse(String(part.body)) as { manifests: unknown[] };
      index.manifests.push({ digest: `sha256:${second!.name.slice(-64)}`, platform: { architecture: 'arm64' } });
      return { ...part, body: JSON.stringify(index) };
    });
    await expectHostile([second!, ...parts], 'one-image');
  });

  test('an index that leads to itself through other indexes, deeply', async () => {
    const nested = Array.from({ length: 8 }).reduce<TarPart[]>((parts) => {
      const inner = parts.at(-1);
      const manifests = inner ? [{ digest: `sha256:${inner.name.slice(-64)}` }] : [];
      const body = JSON.stringify({ manifests });
      return [...parts, { name: `blobs/sha256/${sha256(body)}`, body }];
    }, []);
    const index = { manifests: [{ digest: `sha256:${nested.at(-1)!.name.slice(-64)}` }] };
    await expectHostile([...nested, ...good(), { name: 'index.json', body: JSON.stringify(index) }], 'manifest');
  });

  test.each([
    ['is missing', (_part: TarPart) => []],
    ['is not JSON', (part: TarPart) => ({ ...part, body: '[{' })],
    ['is not a list', (part: TarPart) => ({ ...part, body: '{}' })],
    ['names nothing', (part: TarPart) => ({ ...part, body: '[{}]' })],
    ['names layers that are no names', (part: TarPart) => ({ ...part, body: '[{"Config":"x","Layers":[1]}]' })],
    [
      'names a configuration that is not there',
      (part: TarPart) => ({ ...part, body: `[{"Config":"${ID}.json","Layers":[]}]` }),
    ],
    [
      'names itself as the configuration',
      (part: TarPart) => ({ ...part, body: '[{"Config":"manifest.json","Layers":[]}]' }),
    ],
  ])('a manifest.json that %s', async (_what, into) => {
    const error = await refusal(tar(change(good(), /^manifest\.json$/, into)));
    expect(error.code).toBe('E_HOSTILE_ARCHIVE');
    expect(error.why).toMatch(/Rule "(manifest|config-digest)"/);
  });

  test.each([
    ['no layers', { rootfs: {} }],
    ['layers that are no digests', { rootfs: { type: 'layers', diff_ids: ['x', 'y'] } }],
    ['two hundred layers', { rootfs: { type: 'layers', diff_ids: Array(200).fill(`sha256:${ID}`) } }],
    ['another system', { os: 'windows' }],
    ['a huge history', { history: Array(5_000).fill({ created_by: 'x' }) }],
    ['a working folder among the open files of the engine', { config: { WorkingDir: '/proc/self/fd/7' } }],
    ['a working folder that climbs', { config: { WorkingDir: '/app/../proc/self/fd/7' } }],
    ['a relative working folder', { config: { WorkingDir: 'proc/self/fd/7' } }],
    ['a volume in place of everything', { config: { Volumes: { '/': {} } } }],
    ['a volume over /dev', { config: { Volumes: { '//dev/shm': {} } } }],
  ])('a configuration with %s', async (_what, more) => {
    await expectHostile(classicParts(LAYERS, configOf(LAYERS, more)), 'image-config');
  });

  test('a configuration of many megabytes', async () => {
    const config = configOf(LAYERS, { author: 'x'.repeat(5 * 2 ** 20) });
    const limits = { archiveBytes: 2 ** 24, unpackedBytes: 2 ** 24 };
    await expectHostile(classicParts(LAYERS, config), 'metadata-size', limits);
  });

  test.each(['gzip', 'zstd'] as const)('a layer that is a %s bomb', async (packing) => {
    const bomb = tar([{ name: 'zeros', body: Buffer.alloc(2 ** 24) }]);
    await expectHostile(ociParts([bomb], packing), 'unpacked-size');
  });

  test('layers that fit one by one and not together', async () => {
    const half = tar([{ name: 'a', body: Buffer.alloc(600 * 1024) }]);
    const limits = { archiveBytes: 2 ** 24, unpackedBytes: 2 ** 20 };
    expect((await inspect(tar(classicParts([half])), limits)).layers).toHaveLength(1);
    await expectHostile(
      classicParts([half, tar([{ name: 'b', body: Buffer.alloc(600 * 1024) }])]),
      'unpacked-size',
      limits,
    );
  });

  test.each([
    ['is not a tar archive', Buffer.from('hello '.repeat(200))],
    ['holds a sparse file', tar([paxHeader({ 'GNU.sparse.major': '1' }), { name: 'x', body: 'y' }])],
    ['holds a sparse file of the old kind', tar([{ name: 'x', type: 'S', body: 'y' }])],
    ['holds an entry of an unknown type', tar([{ name: 'x', type: 'Q' }])],
    ['is cut off', tarPart({ name: 'x', body: 'y'.repeat(2000) }).subarray(0, 1024)],
  ])('a layer that %s', async (_what, bytes) => {
    await expectHostile(classicParts([bytes]), 'layer-content');
  });

  test("a layer with links, devices, whiteouts and modes of its own is Docker's business", async () => {
    const busy = tar([
      { name: 'bin/', type: '5' },
      { name: 'bin/sh', type: '2', link: '/bin/busybox' },
      { name: 'bin/su', body: 'x', mode: 0o4755 },
      { name: 'dev/null', type: '3' },
      { name: '.wh.old', body: '' },
    ]);
    expect((await inspect(tar(classicParts([busy])))).layers).toHaveLength(1);
  });
});

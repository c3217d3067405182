/** The parts of a small image archive, so that a test can change one of them. */
import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tar } from './tar.ts';
import type { TarPart } from './tar.ts';

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

export interface ImageParts {
  readonly layers: readonly Buffer[];
  readonly config: Record<string, unknown>;
  readonly tags?: readonly string[] | null;
}

export const layer = (text: string): Buffer =>
  tar([
    { name: 'etc/', type: '5' },
    { name: 'etc/text', body: text },
  ]);

/** Configuration of an image with these layers, unpacked. */
export const configOf = (layers: readonly Buffer[], more: Record<string, unknown> = {}): Record<string, unknown> => ({
  architecture: 'amd64',
  os: 'linux',
  created: '2026-01-01T00:00:00Z',
  config: { Entrypoint: ['/probe'] },
  rootfs: { type: 'layers', diff_ids: layers.map((bytes) => `sha256:${sha256(bytes)}`) },
  ...more,
});

/** What engines before 25 write: a folder for each layer. */
export function classicParts(layers: readonly Buffer[], config = configOf(layers), tags: unknown = null): TarPart[] {
  const text = JSON.stringify(config);
  const folders = layers.map((bytes, at) => sha256(`folder ${at} ${sha256(bytes)}`));
  const manifest = [{ Config: `${sha256(text)}.json`, RepoTags: tags, Layers: folders.map((id) => `${id}/layer.tar`) }];
  return [
    ...layers.flatMap((bytes, at): TarPart[] => [
      { name: `${folders[at] ?? ''}/`, type: '5', mode: 0o755 },
      { name: `${folders[at] ?? ''}/VERSION`, body: '1.0' },
      { name: `${folders[at] ?? ''}/json`, body: '{"id":"x"}' },
      { name: `${folders[at] ?? ''}/layer.tar`, body: bytes },
    ]),
    { name: `${sha256(text)}.json`, body: text },
    { name: 'manifest.json', body: JSON.stringify(manifest) },
    { name: 'repositories', body: '{}' },
  ];
}

type Packing = 'plain' | 'gzip' | 'zstd';

const packLayer: Record<Packing, (bytes: Buffer) => Buffer> = {
  plain: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};

const blob = (body: Buffer | string): TarPart => ({ name: `blobs/sha256/${sha256(body)}`, body });
const descriptor = (part: TarPart) => ({
  digest: `sha256:${part.name.slice('blobs/sha256/'.length)}`,
  size: part.body?.length,
});

/** What newer engines write: an OCI layout with a manifest.json for older ones beside it. */
export function ociParts(layers: readonly Buffer[], packing: Packing, config = configOf(layers)): TarPart[] {
  const layerBlobs = layers.map((bytes) => blob(packLayer[packing](bytes)));
  const configBlob = blob(JSON.stringify(config));
  const manifestBlob = blob(
    JSON.stringify({ schemaVersion: 2, config: descriptor(configBlob), layers: layerBlobs.map(descriptor) }),
  );
  const name = {
    'io.containerd.image.name': 'docker.io/library/victim:latest',
    'org.opencontainers.image.ref.name': 'latest',
  };
  const index = { schemaVersion: 2, manifests: [{ ...descriptor(manifestBlob), annotations: name }] };
  const manifest = [
    { Config: configBlob.name, RepoTags: ['victim:latest'], Layers: layerBlobs.map((part) => part.name) },
  ];
  return [
    { name: 'blobs/', type: '5' },
    { name: 'blobs/sha256/', type: '5' },
    ...layerBlobs,
    configBlob,
    manifestBlob,
    { name: 'index.json', body: JSON.stringify(index) },
    { name: 'manifest.json', body: JSON.stringify(manifest) },
    { name: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
  ];
}

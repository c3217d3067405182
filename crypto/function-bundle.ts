/**
 * A function as it travels: the length of its manifest (32 bits, big-endian), the manifest, and the content of its
 * files in the manifest's order. Whoever reads it checks every size and digest first.
 */
import { createHash } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';
import type { FunctionConfig } from '../domain/function.ts';
import { FUNCTION_CONFIG } from '../domain/function.ts';
import { parseFunctionConfig } from '../domain/function-config.ts';
import type { FunctionFile } from '../domain/function-manifest.ts';
import { formatFunctionManifest, orderFunctionFiles, parseFunctionManifest } from '../domain/function-manifest.ts';
import { checkModel } from '../domain/function-model.ts';
import type { Sha256 } from '../domain/ids.ts';

export interface FunctionContent {
  readonly path: string;
  readonly mode: FunctionFile['mode'];
  readonly content: Uint8Array;
}

export interface FunctionBundle {
  readonly config: FunctionConfig;
  /** SHA-256 of the manifest: what the function is called by whoever must be sure of it. */
  readonly checksum: Sha256;
  readonly manifest: string;
  /** In the manifest's order. */
  readonly files: readonly (FunctionFile & FunctionContent)[];
}

/** The lower-case SHA-256 of `content`. */
export const sha256Of = (content: Uint8Array | string): Sha256 =>
  createHash('sha256').update(content).digest('hex') as Sha256;

type DigestedFile = FunctionBundle['files'][number];

/** Checks `contents` as one function, models included. Fails with `E_FUNCTION_INVALID` or `E_MODEL_INVALID`. */
export const makeFunctionBundle = (contents: readonly FunctionContent[]): FunctionBundle =>
  assemble(contents.map((file) => ({ ...file, size: file.content.length, sha256: sha256Of(file.content) })));

function assemble(digested: readonly DigestedFile[]): FunctionBundle {
  const files = orderFunctionFiles(digested) as FunctionBundle['files'];
  const manifest = formatFunctionManifest(files);
  return { config: checkedConfig(files), checksum: sha256Of(manifest), manifest, files };
}

/** The SHA-256 of every model of `bundle`, in the order of `function.yaml`. */
export const modelDigests = (bundle: FunctionBundle): readonly Sha256[] =>
  bundle.config.models.flatMap((path) => bundle.files.filter((file) => file.path === path).map((file) => file.sha256));

function checkedConfig(files: FunctionBundle['files']): FunctionConfig {
  const find = (path: string) => files.find((file) => file.path === path);
  const text = find(FUNCTION_CONFIG);
  if (text === undefined) throw noConfig();
  const config = parseFunctionConfig(new TextDecoder().decode(text.content));
  for (const path of [config.entry, ...config.models]) {
    if (find(path)) continue;
    throw new StrongroomError('E_FUNCTION_INVALID', `The function has no file ${JSON.stringify(path)}.`, {
      why: `${FUNCTION_CONFIG} names it.`,
    });
  }
  for (const path of files.map((file) => file.path).filter((name) => name.endsWith('.onnx'))) {
    const model = find(path);
    if (model) checkModel(model.content, path);
  }
  return config;
}

/** The bytes in which a bundle travels. */
export function encodeFunctionBundle(bundle: FunctionBundle): Buffer {
  const manifest = Buffer.from(bundle.manifest);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(manifest.length);
  return Buffer.concat([length, manifest, ...bundle.files.map((file) => file.content)]);
}

/** Reads and checks what `encodeFunctionBundle` wrote; the contents are views of `bytes`. Fails with `E_FUNCTION_INVALID`. */
export const decodeFunctionBundle = (bytes: Buffer): FunctionBundle => assemble(filesIn(bytes).map(checkDigest));

export interface FunctionHead {
  readonly config: FunctionConfig;
  readonly checksum: Sha256;
}

/**
 * What a bundle says of itself, from its manifest and `function.yaml` alone: quick, and whether the other files are what
 * the manifest says is left to whoever opens them. Fails with `E_FUNCTION_INVALID`.
 */
export function readFunctionHead(bytes: Buffer): FunctionHead {
  const files = filesIn(bytes);
  const text = files.find(({ path }) => path === FUNCTION_CONFIG);
  if (text === undefined) throw noConfig();
  const config = parseFunctionConfig(new TextDecoder().decode(checkDigest(text).content));
  return { config, checksum: sha256Of(formatFunctionManifest(files)) };
}

/** The files as the manifest describes them, their digests not yet checked. */
function filesIn(bytes: Buffer): readonly DigestedFile[] {
  const manifestEnd = bytes.length < 4 ? 0 : 4 + bytes.readUInt32BE(0);
  if (manifestEnd === 0 || manifestEnd > bytes.length) throw damaged('It is cut off.');
  const described = parseFunctionManifest(bytes.toString('utf8', 4, manifestEnd));
  let at = manifestEnd;
  const files = described.map((file) => ({ ...file, content: bytes.subarray(at, (at += file.size)) }));
  if (at === bytes.length) return files;
  throw damaged(at < bytes.length ? 'Something follows its last file.' : 'It is cut off.');
}

function checkDigest(file: DigestedFile): DigestedFile {
  if (sha256Of(file.content) === file.sha256) return file;
  throw damaged(`${JSON.stringify(file.path)} is not what the manifest says.`);
}

const noConfig = () =>
  new StrongroomError('E_FUNCTION_INVALID', `The function has no ${FUNCTION_CONFIG}.`, {
    next: 'Run: strongroom function init NAME, and start from there.',
  });

const damaged = (why: string) => new StrongroomError('E_FUNCTION_INVALID', 'The function arrived damaged.', { why });

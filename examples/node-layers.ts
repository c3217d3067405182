/** The files of this machine that an image needs to run JavaScript, with onnxruntime or without. */
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ImageFile, ImageLayer } from './image-archive.ts';

const run = promisify(execFile);

/** Node itself, as `/usr/local/bin/node`, and the libraries that it and `binaries` are linked with. */
export async function nodeLayer(binaries: readonly string[]): Promise<ImageLayer> {
  const libraries = await librariesOf([process.execPath, ...binaries]);
  const node = { path: '/usr/local/bin/node', from: process.execPath, mode: 0o755 };
  return [node, ...libraries.map((path) => ({ path, from: path, mode: 0o755 }))];
}

/** Libraries of this machine by absolute path, as `ldd` names them; those that lie beside their binary are left out. */
async function librariesOf(binaries: readonly string[]): Promise<string[]> {
  const folders = binaries.map((binary) => dirname(binary));
  const { stdout } = await run('ldd', [...binaries]);
  const paths = [...stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1] ?? '');
  return [...new Set(paths)].filter((path) => !folders.includes(dirname(path))).sort();
}

const ENTRY = createRequire(import.meta.url).resolve('onnxruntime-node');
const ONNXRUNTIME = dirname(dirname(ENTRY));
const ONNXRUNTIME_BINARIES = `bin/napi-v6/linux/${process.arch}`;

/** onnxruntime's own native files, for this processor only: its package holds those of every platform. */
export async function onnxruntimeBinaries(): Promise<string[]> {
  const folder = join(ONNXRUNTIME, ONNXRUNTIME_BINARIES);
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** `onnxruntime-node` and `onnxruntime-common` below `/app/node_modules`. */
export async function onnxruntimeLayer(): Promise<ImageLayer> {
  const common = dirname(dirname(dirname(createRequire(ENTRY).resolve('onnxruntime-common'))));
  const modules = '/app/node_modules';
  return [
    ...(await filesBelow(ONNXRUNTIME, `${modules}/onnxruntime-node`, ['package.json', 'dist', ONNXRUNTIME_BINARIES])),
    ...(await filesBelow(common, `${modules}/onnxruntime-common`, ['package.json', 'dist/cjs'])),
  ];
}

/** The named files and folders of `folder`, as they are to lie below `inImage`; maps and types are not needed to run. */
export async function filesBelow(folder: string, inImage: string, names: readonly string[]): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  for (const name of names) {
    const from = join(folder, name);
    if ((await stat(from)).isDirectory()) {
      const children = (await readdir(from)).map((child) => join(name, child));
      files.push(...(await filesBelow(folder, inImage, children)));
    } else if (!/\.(?:map|d\.ts)$/.test(name)) {
      files.push({ path: `${inImage}/${name}`, from, mode: name.includes('bin/') ? 0o755 : 0o644 });
    }
  }
  return files;
}

/** What a runner sees of this machine: Node, the libraries that it is linked with, the runner's own code. Nothing else. */
import { execFile } from 'node:child_process';
import { readdir, realpath, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PROJECT = dirname(dirname(import.meta.dirname));

/** A file or folder of this machine, and where the runner sees it. */
export interface SandboxFile {
  readonly from: string;
  readonly at: string;
}

export const NODE_AT = '/strongroom/node';
export const RUNNER_AT = '/strongroom/enclave/runner/main.ts';

/** The runner's own code; `package.json` tells Node that it is made of modules. */
const CODE = [
  ...['package.json', 'domain', 'enclave/runner', 'crypto/function-bundle.ts', 'crypto/hpke.ts'],
  ...['crypto/aes-gcm.ts', 'crypto/erase.ts'],
  ...['crypto/attestation', 'crypto/receipts', 'crypto/sealed', 'crypto/session'],
];

let found: Promise<readonly SandboxFile[]> | undefined;

/** All of it. Looked up once in the life of the host. */
export function sandboxFiles(): Promise<readonly SandboxFile[]> {
  found ??= findFiles();
  return found;
}

async function findFiles(): Promise<readonly SandboxFile[]> {
  const packages = await findPackages();
  const native = await nativeFiles(packages);
  const node = await realpath(process.execPath);
  return [
    ...(await librariesOf([node, ...native])).map((path) => ({ from: path, at: path })),
    { from: node, at: NODE_AT },
    ...packages,
    ...CODE.map((name) => ({ from: join(PROJECT, name), at: join('/strongroom', name) })),
  ];
}

/** The packages that the runner imports, below `/node_modules`, where functions find them too. */
async function findPackages(): Promise<SandboxFile[]> {
  const platform = `linux-${process.arch}`;
  const onnxruntime = packageFolder('onnxruntime-node');
  const parts = ['package.json', 'dist', `bin/napi-v6/linux/${process.arch}`];
  const whole = (name: string, from: string) => ({ from: packageFolder(name, from), at: `/node_modules/${name}` });
  const sharp = packageFolder('sharp');
  const libvips = [`@img/sharp-${platform}`, `@img/sharp-libvips-${platform}`];
  return [
    ...parts.map((part) => ({ from: join(onnxruntime, part), at: `/node_modules/onnxruntime-node/${part}` })),
    whole('onnxruntime-common', onnxruntime),
    ...['yaml', 'cbor2', '@cto.af/wtf8'].map((name) => whole(name, PROJECT)),
    { from: sharp, at: '/node_modules/sharp' },
    ...['detect-libc', 'semver', '@img/colour', ...libvips].map((name) => whole(name, sharp)),
  ];
}

/** Where a package lies: the nearest `node_modules` above `from` that has it, as Node itself looks. */
function packageFolder(name: string, from: string = PROJECT): string {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  const folder = places.map((place) => join(place, name)).find((path) => isPackage(path));
  if (folder === undefined) throw new Error(`The package ${name} is not installed.`);
  return folder;
}

function isPackage(path: string): boolean {
  try {
    createRequire(import.meta.url).resolve(join(path, 'package.json'));
    return true;
  } catch {
    return false;
  }
}

async function nativeFiles(packages: readonly SandboxFile[]): Promise<string[]> {
  const files = await Promise.all(packages.map(({ from }) => filesBelow(from)));
  return files.flat().filter((file) => /\.node$|\.so(?:\.\d+)*$/.test(file));
}

/** Every file below a folder, or the file itself, sorted. */
export async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The system's libraries that `binaries` need, by the paths under which they are looked for. */
async function librariesOf(binaries: readonly string[]): Promise<string[]> {
  const { stdout } = await run('ldd', [...binaries]);
  const paths = [...stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1] ?? '');
  return [...new Set(paths)].filter((path) => !path.includes('/node_modules/')).sort();
}

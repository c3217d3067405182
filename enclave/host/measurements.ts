/** What the host measures: the digests that go into the registers of attestation documents. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { relative, join } from 'node:path';
import { sha256Of } from '../../crypto/function-bundle.ts';
import { DEFAULT_LIMITS } from '../../domain/function.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { sandboxLaunch } from './sandbox.ts';
import { containerSpecification } from './start-container.ts';
import { filesBelow, sandboxFiles } from './sandbox-files.ts';

/** Digest of every file that a runner sees, by the paths under which it sees them: Node, libraries, packages, our code. */
export async function measureRunnerImage(): Promise<Sha256> {
  const lines = [];
  const sha256OfFile = fileHasher();
  for (const { from, at } of await sandboxFiles()) {
    for (const file of await filesBelow(from)) {
      lines.push(`${await sha256OfFile(file)} ${join(at, relative(from, file))}\n`);
    }
  }
  return sha256Of(lines.sort().join(''));
}

/**
 * Digest of how a runner is shut in: the arguments of bubblewrap or the options of the container, with the limits that a
 * function has which names none, and the system call filter. Where the files lie on this machine does not count; what is
 * in them is in the other register.
 */
export async function measureSandbox(sandbox: 'bubblewrap' | 'docker' = 'bubblewrap'): Promise<Sha256> {
  if (sandbox === 'docker') return sha256Of(JSON.stringify(await containerSpecification(DEFAULT_LIMITS)));
  const { args, seccomp } = await sandboxLaunch(DEFAULT_LIMITS);
  const places = new Set((await sandboxFiles()).map(({ from }) => from));
  const specification = args.map((argument, index) => (isPlace(args, index, places) ? '' : argument));
  return sha256Of(Buffer.concat([Buffer.from(JSON.stringify(specification)), seccomp ?? Buffer.alloc(0)]));
}

const isPlace = (args: readonly string[], index: number, places: ReadonlySet<string>): boolean =>
  args[index - 1] === '--ro-bind' && places.has(args[index] ?? '');

/** Digest of the list of a function's models' digests. */
export const measureModels = (models: readonly Sha256[]): Sha256 =>
  sha256Of(models.map((model) => `${model}\n`).join(''));

/** Digest of a program of ours that is no runner: its own code and the lock file of its packages. */
export async function measureProgram(root: string, parts: readonly string[]): Promise<Sha256> {
  const lines = [];
  const sha256OfFile = fileHasher();
  for (const part of parts) {
    for (const file of await filesBelow(join(root, part))) {
      lines.push(`${await sha256OfFile(file)} ${relative(root, file)}\n`);
    }
  }
  lines.push(`${await sha256OfFile(process.execPath)} node\n`);
  return sha256Of(lines.sort().join(''));
}

const PIECE_BYTES = 1 << 20;

/** For one file after the other. One buffer serves all: streams of their own for hundreds of files cost more than the hashes. */
function fileHasher(): (file: string) => Promise<Sha256> {
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  return async (file) => {
    const hash = createHash('sha256');
    await using opened = await open(file);
    for (;;) {
      const { bytesRead } = await opened.read(piece, 0, PIECE_BYTES, null);
      if (bytesRead === 0) return hash.digest('hex') as Sha256;
      hash.update(piece.subarray(0, bytesRead));
    }
  };
}

/** Starts the real command line as its users do. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../cli/strongroom.mjs', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly keepStdinOpen?: boolean;
  readonly node?: string;
  readonly cwd?: string;
  /** Called with the process while it runs. */
  readonly meanwhile?: (child: ReturnType<typeof spawn>) => void;
}

/** Without `stdin` the process gets one that is closed at once. */
export function strongroom(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { CI: _ci, FORCE_COLOR: _colour, ...rest } = process.env;
  const env = { ...rest, STRONGROOM_API_URL: '', STRONGROOM_HOME: '', TERM: 'xterm', ...options.env };
  const child = spawn(options.node ?? process.execPath, [LAUNCHER, ...args], { env, cwd: options.cwd, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  child.stdin.on('error', () => undefined);
  if (!options.keepStdinOpen) child.stdin.end(options.stdin);
  options.meanwhile?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, ...output }));
  });
}

export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  in(name: string): string;
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'strongroom-cli-'));
  return {
    path,
    in: (name) => join(path, name),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export interface Failed {
  readonly ok: false;
  readonly error: { readonly code: string; readonly message: string; readonly why?: string; readonly next?: string };
}

export const failureIn = (ran: Ran): Failed['error'] => {
  const answer = JSON.parse(ran.stdout) as Failed;
  if (answer.ok as boolean) throw new Error(`It succeeded: ${ran.stdout}`);
  return answer.error;
};

/** How a runner is started: in bubblewrap, or bare where a hazmat option says so. */
import type { FunctionLimits } from '../../domain/function.ts';
import { NODE_AT, RUNNER_AT, sandboxFiles } from './sandbox-files.ts';
import { seccompProgram } from './seccomp.ts';

/** The descriptors that a runner is born with, after stdin, stdout and stderr. */
export const FRAMES_FD = 3;
export const SECCOMP_FD = 4;

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The filter to hand over at `SECCOMP_FD`, or none. */
  readonly seccomp: Buffer | null;
}

export const NOBODY = '65534';
/** Where a function's own files are, in memory. */
export const FOLDER = '/function';
const MIB = 1024 ** 2;
/**
 * What counts as data although no function can fill it: V8 reserves 512 MiB for machine code, Node's threads have their
 * stacks, and the channel's thread has a heap and room for machine code of its own (32 MiB).
 */
const NODE_MB = 512 + 64 + 64;

export const ENVIRONMENT: Readonly<Record<string, string>> = {
  ORT_DISABLE_TELEMETRY: '1',
  VIPS_BLOCK_UNTRUSTED: '1',
  MALLOC_ARENA_MAX: '2',
  UV_THREADPOOL_SIZE: '2',
};

/** The sandbox for a function with these limits: no network, no processes, no files but its own, bounded memory. */
export async function sandboxLaunch(limits: FunctionLimits): Promise<Launch> {
  const files = await sandboxFiles();
  const inside = [
    ...['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session', '--clearenv'],
    ...['--cap-drop', 'ALL', '--uid', NOBODY, '--gid', NOBODY, '--hostname', 'runner'],
    ...files.flatMap(({ from, at }) => ['--ro-bind', from, at]),
    ...['--dev-bind', '/dev/null', '/dev/null'],
    ...['--size', String(tmpfsBytes(limits)), '--tmpfs', FOLDER],
    ...['--remount-ro', '/', '--chdir', FOLDER],
    ...['--seccomp', String(SECCOMP_FD)],
    ...Object.entries(ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
    ...[NODE_AT, ...nodeFlags(limits), RUNNER_AT],
  ];
  // Node cannot set limits for its children; the shell can, and is replaced by bubblewrap.
  const shell = `ulimit -c 0; ulimit -n 256; ulimit -d ${dataBytes(limits) / 1024}; exec "$0" "$@"`;
  return {
    command: '/bin/sh',
    args: ['-c', shell, 'bwrap', ...inside],
    environment: pathOnly(),
    seccomp: seccompProgram(),
  };
}

/** A bare process: whatever the function does, it does as the user who runs the host. For looking for faults only. */
export const hazmatBareLaunch = (limits: FunctionLimits, folder: string): Launch => ({
  command: process.execPath,
  args: [...nodeFlags(limits), new URL('../runner/main.ts', import.meta.url).pathname, folder],
  environment: ENVIRONMENT,
  seccomp: null,
});

export const nodeFlags = ({ memoryMb }: FunctionLimits): string[] => [
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
  '--disable-proto=throw',
  '--expose-gc',
  `--max-old-space-size=${Math.ceil(memoryMb / 2)}`,
];

/** What counts as data for the system, at most. */
export const dataBytes = ({ memoryMb }: FunctionLimits): number => (memoryMb + NODE_MB) * MIB;

/** A quarter of the memory, for the function's own files. */
export const tmpfsBytes = ({ memoryMb }: FunctionLimits): number => Math.min(256, Math.max(32, memoryMb / 4)) * MIB;

/** bubblewrap is found on the PATH; nothing of the host's environment gets further than that. */
const pathOnly = (): Record<string, string> => ({ PATH: process.env.PATH ?? '/usr/bin:/bin' });

/** A command on a terminal of its own (util-linux's `script`), with somebody who types as they are asked. */
import { spawn } from 'node:child_process';

export interface Sitting {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What is typed when a question appears, in this order. */
  readonly answers?: readonly (readonly [question: string, answer: string])[];
}

export interface Shown {
  readonly code: number | null;
  readonly shown: string;
}

/** Runs a line of the shell; answers what the screen showed. */
export async function onTerminal(command: string, { env, cwd, answers = [] }: Sitting = {}): Promise<Shown> {
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', STRONGROOM_API_URL: '', ...env },
    ...(cwd !== undefined && { cwd }),
    stdio: 'pipe',
  });
  const left = [...answers];
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [question, answer] = left[0] ?? [];
    if (question === undefined || answer === undefined || !shown.includes(question, seen)) return;
    seen = shown.length;
    left.shift();
    child.stdin.write(answer);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { code, shown };
}

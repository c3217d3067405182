import { spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { LAUNCHER, testFolder } from './support.ts';

/** Runs the command line on a terminal of its own (util-linux's `script`), and types `answers` as it is asked. */
async function onTerminal(args: readonly string[], answers: readonly (readonly [string, string])[]) {
  const command = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', STRONGROOM_API_URL: '' },
    stdio: 'pipe',
  });
  const left = [...answers];
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [question, answer] = left[0] ?? [];
    if (question === undefined || answer === undefined || !shown.includes(question)) return;
    left.shift();
    child.stdin.write(answer);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { code, shown };
}

const CTRL_C = '\u0003';
const logIn = (home: string) => ['login', '--api', 'http://127.0.0.1:9', '--home', home];

test('a password that is typed is not shown', async () => {
  await using home = await testFolder();
  const { code, shown } = await onTerminal(logIn(home.path), [
    ['E-mail:', 'alice@example.org\r'],
    ['Password:', 'a-password-to-recognise\r'],
  ]);
  expect(shown).toContain('alice@example.org');
  expect(shown).not.toContain('a-password');
  expect(shown).toContain('E_UNAVAILABLE');
  expect(code).toBe(8);
});

test.each(['E-mail:', 'Password:'])('Ctrl-C at "%s" ends with 130', async (question) => {
  await using home = await testFolder();
  const given = question === 'Password:' ? ['--email', 'alice@example.org'] : [];
  const { code, shown } = await onTerminal([...logIn(home.path), ...given], [[question, CTRL_C]]);
  expect(shown).toContain('E_INTERRUPTED');
  expect(code).toBe(130);
});

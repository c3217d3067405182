import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../api/support/platform.ts';
import { onTerminal } from '../support/on-terminal.ts';
import { LAUNCHER, testFolder } from './support.ts';

const CTRL_C = '\u0003';

let platform: TestPlatform;
let api: string;
beforeAll(async () => {
  platform = await startPlatform();
  api = await platform.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => platform.stop());

const logIn = (home: string, given = '') =>
  `'${process.execPath}' '${LAUNCHER}' login --api ${api} --home '${home}' ${given}`;

test('a password that is typed is not shown', async () => {
  await using home = await testFolder();
  const { code, shown } = await onTerminal(logIn(home.path), {
    answers: [
      ['E-mail:', 'alice@example.org\r'],
      ['Password:', 'a-password-to-recognise\r'],
    ],
  });
  expect(shown).toContain('alice@example.org');
  expect(shown).not.toContain('a-password');
  expect(shown).toContain('E_WRONG_CREDENTIALS');
  expect(code).toBe(4);
});

test.each(['E-mail:', 'Password:'])('Ctrl-C at "%s" ends with 130', async (question) => {
  await using home = await testFolder();
  const given = question === 'Password:' ? '--email alice@example.org' : '';
  const { code, shown } = await onTerminal(logIn(home.path, given), { answers: [[question, CTRL_C]] });
  expect(shown).toContain('E_INTERRUPTED');
  expect(code).toBe(130);
});

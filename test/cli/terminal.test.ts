import { expect, test } from '@jest/globals';
import { onTerminal } from '../support/on-terminal.ts';
import { LAUNCHER, testFolder } from './support.ts';

const CTRL_C = '\u0003';
const logIn = (home: string, given = '') =>
  `'${process.execPath}' '${LAUNCHER}' login --api http://127.0.0.1:9 --home '${home}' ${given}`;

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
  expect(shown).toContain('E_UNAVAILABLE');
  expect(code).toBe(8);
});

test.each(['E-mail:', 'Password:'])('Ctrl-C at "%s" ends with 130', async (question) => {
  await using home = await testFolder();
  const given = question === 'Password:' ? '--email alice@example.org' : '';
  const { code, shown } = await onTerminal(logIn(home.path, given), { answers: [[question, CTRL_C]] });
  expect(shown).toContain('E_INTERRUPTED');
  expect(code).toBe(130);
});

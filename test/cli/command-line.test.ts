import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { COMMAND_INDEX } from '../../cli/command-index.ts';
import { failureIn, strongroom, testFolder } from './support.ts';

const SYSTEM_NODE = '/usr/bin/node';

test('without a command the overview is shown, with an example first and every command once', async () => {
  const ran = await strongroom([]);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^ {2}\$ strongroom /);
  for (const { name } of COMMAND_INDEX) {
    expect([name, ran.stdout.split(new RegExp(`^  ${name} {2,}\\S`, 'm')).length - 1]).toEqual([name, 1]);
  }
});

test.each([
  [['contaner', 'list'], '"container"'],
  [['container', 'lst'], '"container list"'],
  [['logn'], '"login"'],
])('%j is answered with what was probably meant', async (args, meant) => {
  const ran = await strongroom(args);
  expect(ran.code).toBe(2);
  expect(ran.stdout).toBe('');
  expect(ran.stderr).toContain(`Did you mean ${meant}?`);
});

test('a name that resembles nothing is answered without a guess', async () => {
  const ran = await strongroom(['zzzzzzzz', '--json']);
  expect(failureIn(ran).next).toBe('See strongroom --help.');
});

test('an error takes three lines: code and what, why, next', async () => {
  await using home = await testFolder();
  const ran = await strongroom(['verify', 'token', '--home', home.path, '--api', 'http://127.0.0.1:9']);
  expect(ran.code).toBe(8);
  expect(ran.stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^E_UNAVAILABLE: /),
    expect.stringMatching(/^ {2}Why: {2}/),
    expect.stringMatching(/^ {2}Next: /),
  ]);
});

test.each([
  [['whoami'], 4, 'E_SIGNED_OUT'],
  [['benchmark', 'show', 'Not A Name'], 2, 'E_INVALID_NAME'],
  [['benchmark', 'show'], 2, 'E_USAGE'],
  [['benchmark', 'show', 'a', 'b'], 2, 'E_USAGE'],
  [['signup', '--email', 'a@example.org'], 2, 'E_USAGE'],
  [['signup', '--email'], 2, 'E_USAGE'],
  [['signup', '--email', '--handle', 'a'], 2, 'E_USAGE'],
  [['whoami', '--json=yes'], 2, 'E_USAGE'],
  [['whoami', '--api', 'ftp://example.org'], 2, 'E_USAGE'],
  [['whoami', '--api', 'http://user:secret@example.org'], 2, 'E_USAGE'],
  [['archive', 'inspect', '/nowhere/at-all'], 6, 'E_FILE_NOT_FOUND'],
])('%j exits with %i and %s', async (args, exit, code) => {
  await using home = await testFolder();
  const ran = await strongroom([...args, '--json', '--home', home.path]);
  expect(failureIn(ran).code).toBe(code);
  expect(ran.code).toBe(exit);
});

describe('where nobody can be asked', () => {
  test('a password is not asked for: the option that gives it is named', async () => {
    await using home = await testFolder();
    const args = ['login', '--email', 'a@example.org', '--api', 'http://127.0.0.1:9', '--home', home.path, '--json'];
    const ran = await strongroom(args);
    expect(ran.code).toBe(2);
    expect(failureIn(ran).next).toContain('--password-file');
  });

  test('no option takes a password itself', async () => {
    const ran = await strongroom(['login', '--password', 'correct horse battery', '--json']);
    expect(failureIn(ran)).toMatchObject({ code: 'E_USAGE', message: 'There is no option "--password".' });
    expect(ran.stdout + ran.stderr).not.toContain('correct horse');
  });

  test('an empty password file is named as such', async () => {
    await using home = await testFolder();
    const args = ['login', '--email', 'a@example.org', '--password-file', '-', '--api', 'http://127.0.0.1:9'];
    const ran = await strongroom([...args, '--home', home.path, '--json'], { stdin: '\n' });
    expect(failureIn(ran).message).toBe('There is no password in stdin.');
  });
});

describe('colour', () => {
  const ESCAPE = '\u001b';
  test('is not used where stderr is no terminal', async () => {
    expect((await strongroom(['nothing'])).stderr).not.toContain(ESCAPE);
  });

  test('is used where it is forced, but not against NO_COLOR', async () => {
    expect((await strongroom(['nothing'], { env: { CLICOLOR_FORCE: '1' } })).stderr).toContain(ESCAPE);
    const both = await strongroom(['nothing'], { env: { CLICOLOR_FORCE: '1', NO_COLOR: '1' } });
    expect(both.stderr).not.toContain(ESCAPE);
  });
});

const onOldNode = existsSync(SYSTEM_NODE) ? test : test.skip;
onOldNode("under the system's Node the launcher hands over with output and exit code", async () => {
  const good = await strongroom(['--version'], { node: SYSTEM_NODE });
  expect(good).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
  const bad = await strongroom(['nothing', '--json'], { node: SYSTEM_NODE });
  expect(bad.code).toBe(2);
  expect(failureIn(bad).code).toBe('E_USAGE');
});

/** Logging in a machine that has no terminal, as over SSH: by a code, approved from another machine. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openPartyHome } from '../../client/party-home.ts';
import { person } from '../api/support/people.ts';
import { startPlatform, type TestPlatform } from '../api/support/platform.ts';
import { failureIn, strongroom, testFolder, type Ran, type TestFolder } from './support.ts';

let platform: TestPlatform;
let api: string;
let laptop: TestFolder;
beforeAll(async () => {
  platform = await startPlatform();
  api = await platform.app.listen({ host: '127.0.0.1', port: 0 });
  laptop = await testFolder();
  const { account, token } = await person(platform, 'alice');
  const home = await openPartyHome(laptop.path);
  await home.saveSession({ apiUrl: api, handle: account.handle, email: account.email, token });
});
afterAll(async () => {
  await laptop[Symbol.asyncDispose]();
  await platform.stop();
});

/** Runs `login` on a server, and answers with its code once it shows one. */
function beginLogin(server: TestFolder, ...words: string[]): { code: Promise<string>; ran: Promise<Ran> } {
  let ran!: Promise<Ran>;
  const code = new Promise<string>((resolve, reject) => {
    ran = strongroom(['login', ...words, '--api', api, '--home', server.path], {
      meanwhile: (child) => {
        let shown = '';
        child.stderr?.on('data', (text: string) => {
          shown += text;
          const found = /login approve (\S+)/.exec(shown)?.[1];
          if (found !== undefined) resolve(found);
        });
        child.on('close', () => {
          reject(new Error(`It ended without a code: ${shown}`));
        });
      },
    });
  });
  return { code, ran };
}

describe('a machine without a terminal', () => {
  test('prints a code and an address, and is logged in when somebody approves', async () => {
    await using server = await testFolder();
    const { code, ran } = beginLogin(server);
    const approved = await strongroom(['login', 'approve', await code, '--yes', '--home', laptop.path]);
    expect(approved).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/from 127\.0\.0\.1 by strongroom \(.*is approved/),
    });
    const { stdout, stderr } = await ran;
    expect(stdout).toContain('as alice.');
    expect(stderr).toContain('/device and type the code');
    expect((await strongroom(['whoami', '--home', server.path])).code).toBe(0);
  });

  test('is told that it was refused, in JSON, too', async () => {
    await using server = await testFolder();
    const { code, ran } = beginLogin(server, '--device', '--json');
    expect((await strongroom(['login', 'refuse', await code, '--home', laptop.path])).code).toBe(0);
    const ended = await ran;
    expect(ended.code).toBe(5);
    expect(failureIn(ended).code).toBe('E_LOGIN_REFUSED');
  });

  test('stops waiting on Ctrl-C', async () => {
    await using server = await testFolder();
    const ran = await strongroom(['login', '--device', '--api', api, '--home', server.path], {
      meanwhile: (child) => child.stderr?.once('data', () => child.kill('SIGINT')),
    });
    expect(ran.code).toBe(130);
  });
});

test('a code is not approved by someone who cannot be asked, and one that is none is named', async () => {
  await using server = await testFolder();
  const { code, ran } = beginLogin(server);
  expect((await strongroom(['login', 'approve', await code, '--home', laptop.path])).code).toBe(2);
  await strongroom(['login', 'refuse', await code, '--home', laptop.path]);
  expect((await ran).code).toBe(5);
  const wrong = await strongroom(['login', 'approve', 'HELLO', '--json', '--home', laptop.path]);
  expect(failureIn(wrong)).toMatchObject({ code: 'E_INVALID_NAME' });
});

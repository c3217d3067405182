/** Logging in by an organisation's provider: the real command line, the real API, a real provider, and a browser by hand. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../stack/free-port.ts';
import { startPlatform, type TestPlatform } from '../api/support/platform.ts';
import { openBrowser } from '../support/provider/browser.ts';
import { CLIENT, startProvider, type RunningProvider } from '../support/provider/running-provider.ts';
import { onTerminal } from '../support/on-terminal.ts';
import { failureIn, LAUNCHER, strongroom, testFolder, type Ran, type TestFolder } from './support.ts';

let provider: RunningProvider;
let platform: TestPlatform;
let api: string;
beforeAll(async () => {
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  provider = await startProvider(`${api}/sign-in/callback`);
  const settings = {
    name: 'North Clinic',
    issuer: new URL(provider.issuer),
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    domains: ['clinic.example.org'],
    linkDomains: [],
  };
  platform = await startPlatform({ settings: { publicUrl: api, logIn: { provider: settings, passwords: 'closed' } } });
  await platform.app.listen({ host: '127.0.0.1', port });
});
afterAll(async () => {
  await platform.stop();
  await provider.stop();
});

/** Runs `login` on a machine; calls `onCode` once it shows a code. */
function logIn(machine: TestFolder, onCode: (shown: string, code: string) => Promise<void>): Promise<Ran> {
  let acting: Promise<void> | undefined;
  const ran = strongroom(['login', '--device', '--api', api, '--home', machine.path], {
    meanwhile: (child) => {
      let shown = '';
      child.stderr?.on('data', (text: string) => {
        shown += text;
        const code = /login approve (\S+)/.exec(shown)?.[1];
        if (code !== undefined) acting ??= onCode(shown, code);
      });
    },
  });
  return ran.then(async (ended) => {
    await acting;
    return ended;
  });
}

/** As the page does it: the person signs in, looks at the code, and answers. */
async function answerInBrowser(code: string, answer: 'approval' | 'refusal'): Promise<string> {
  const browser = openBrowser();
  provider.signsIn = { sub: 'staff-7', email: 'dora@clinic.example.org', email_verified: true };
  expect((await browser.open(`${api}/device`)).text).toContain('Sign in with North Clinic');
  expect((await browser.open(`${api}/sign-in?page=device`)).url).toBe(`${api}/device#signed-in`);
  const { token } = JSON.parse((await browser.post(`${api}/device/sign-in`)).text) as { token: string };
  const login = `${api}/v1/device-logins/${code}`;
  const headers = { authorization: `Bearer ${token}` };
  const asked = (await (await fetch(login, { headers })).json()) as { program: string };
  const answered = await browser.post(`${login}/${answer}`, undefined, headers);
  expect(answered.status).toBe(204);
  return asked.program;
}

test('a person of the organisation logs a machine in without a password of ours', async () => {
  await using machine = await testFolder();
  let program = '';
  const ran = await logIn(machine, async (shown, code) => {
    expect(shown).toContain(`Open ${api}/device, sign in with North Clinic, and type the code ${code}`);
    program = await answerInBrowser(code, 'approval');
  });
  expect(program).toMatch(/^strongroom \(/);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('as dora.') });
  const me = await strongroom(['whoami', '--json', '--home', machine.path]);
  expect(me).toMatchObject({ code: 0, stdout: expect.stringContaining('dora@clinic.example.org') });
});

test('a machine that the person refuses stays out', async () => {
  await using machine = await testFolder();
  const ran = await logIn(machine, async (_shown, code) => {
    await answerInBrowser(code, 'refusal');
  });
  expect(ran.code).toBe(5);
  expect((await strongroom(['whoami', '--home', machine.path])).code).toBe(4);
});

test('a terminal is shown the way by the provider, not asked for a password', async () => {
  await using home = await testFolder();
  const command = `'${process.execPath}' '${LAUNCHER}' login --api ${api} --home '${home.path}'`;
  const { code, shown } = await onTerminal(command, {
    env: { SSH_CONNECTION: '' },
    answers: [['sign in with North Clinic', '\u0003']],
  });
  expect(code).toBe(130);
  expect(shown).not.toContain('E-mail:');
});

test('a provider that is configured in part is named before anything starts', async () => {
  await using folder = await testFolder();
  const env = { STRONGROOM_DATA: folder.in('platform'), STRONGROOM_OIDC_ISSUER: 'https://login.example.org' };
  const ran = await strongroom(['up', '--json'], { env });
  expect(ran.code).toBe(2);
  expect(failureIn(ran)).toMatchObject({
    code: 'E_CONFIG',
    message: 'The setting STRONGROOM_OIDC_CLIENT_ID is missing.',
    why: 'Sign-in by a provider is configured in part only.',
    next: expect.stringContaining('docs/operations.md'),
  });
});

test('where passwords are closed, whoever gives one is told how people log in', async () => {
  await using home = await testFolder();
  const given = [
    '--email',
    'dora@clinic.example.org',
    '--password-file',
    '-',
    '--api',
    api,
    '--home',
    home.path,
    '--json',
  ];
  for (const words of [['login'], ['signup', '--handle', 'dorothea']]) {
    const ran = await strongroom([...words, ...given], { stdin: 'nine green lamps at sea\n' });
    expect(ran.code).toBe(5);
    expect(failureIn(ran)).toMatchObject({
      code: 'E_PASSWORDS_CLOSED',
      why: 'People sign in by North Clinic.',
      next: 'Log in: strongroom login --device',
    });
  }
  const reset = {
    method: 'POST',
    url: '/v1/accounts/password-resets',
    payload: { email: 'a@clinic.example.org' },
  } as const;
  expect((await platform.app.inject(reset)).json()).toMatchObject({ code: 'E_PASSWORDS_CLOSED', status: 403 });
  const set = {
    method: 'POST',
    url: '/v1/accounts/password',
    payload: { token: 'x', password: 'nine green lamps at sea' },
  } as const;
  expect((await platform.app.inject(set)).json()).toMatchObject({ code: 'E_PASSWORDS_CLOSED' });
  const page = await platform.app.inject('/device');
  expect(page.body).not.toContain('type="password"');
});

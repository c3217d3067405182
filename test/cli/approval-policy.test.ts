/** Two members who change what their benchmark approves, one of them in the middle of the other’s command. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPartyHome } from '../../client/party-home.ts';
import { createBenchmark } from '../api/support/benchmark.ts';
import { person, type Person } from '../api/support/people.ts';
import { startPlatform, type TestPlatform } from '../api/support/platform.ts';
import { strongroom, testFolder, type TestFolder } from './support.ts';

let platform: TestPlatform;
let way: Server;
let home: TestFolder;
let ben: Person;
/** What happens once the command has read the policies, before it hears of them. */
let meanwhile: (() => Promise<unknown>) | null = null;

beforeAll(async () => {
  platform = await startPlatform();
  const ann = await person(platform, 'ann');
  ben = await person(platform, 'ben');
  await createBenchmark(platform, 'digits', [ann, ben]);
  const api = await platform.app.listen({ host: '127.0.0.1', port: 0 });
  way = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const { method = 'GET', url = '', headers } = request;
        const sent = Object.entries(headers).filter(
          ([name]) => !['host', 'connection', 'content-length'].includes(name),
        );
        const body = chunks.length > 0 ? Buffer.concat(chunks) : null;
        const answer = await fetch(`${api}${url}`, { method, headers: sent as [string, string][], body });
        const text = await answer.text();
        const happening = method === 'GET' ? meanwhile : null;
        if (happening) {
          meanwhile = null;
          await happening();
        }
        const tag = answer.headers.get('etag');
        response.writeHead(answer.status, {
          'content-type': answer.headers.get('content-type') ?? '',
          ...(tag !== null && { etag: tag }),
        });
        response.end(text);
      })();
    });
  });
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
  home = await testFolder();
  const { handle, email } = ann.account;
  const apiUrl = `http://127.0.0.1:${(way.address() as AddressInfo).port}`;
  await (await openPartyHome(home.path)).saveSession({ apiUrl, handle, email, token: ann.token });
});
afterAll(async () => {
  way.close();
  await home[Symbol.asyncDispose]();
  await platform.stop();
});

const policy = (...words: string[]) => strongroom(['benchmark', 'policy', 'digits', ...words, '--home', home.path]);
const benSets = (policies: object) => () =>
  ben.ask('PUT', '/v1/benchmarks/digits/policies', policies, { 'if-match': '*' });

test('what is set for containers leaves what is set for datasets as it is', async () => {
  await policy('--approve-datasets', 'bob@example.org,eve@example.org');
  const { code, stdout } = await policy('--approve-containers', 'always');
  expect(code).toBe(0);
  expect(stdout.split('\n').slice(1, 3)).toEqual([
    'Containers: all (set by ann)',
    'Datasets:   those of bob@example.org, eve@example.org (set by ann)',
  ]);
});

test('the slower of two members changes nothing, and is shown what the other one changed', async () => {
  meanwhile = benSets({ container: { approves: 'always' }, dataset: { approves: 'always' } });
  const { code, stdout, stderr } = await policy('--approve-containers', 'never');
  expect([code, stdout]).toEqual([7, '']);
  expect(stderr).toContain('E_CHANGED_MEANWHILE: Somebody else was faster: you changed nothing of digits.');
  expect(stderr).toContain(
    'Datasets: all (set by ben) now, those of bob@example.org, eve@example.org (set by ann) before.',
  );
  expect(stderr).not.toContain('Containers');
  expect(stderr).toContain('Next: Run the command again if you still want it.');
  const again = await policy('--approve-containers', 'never');
  expect(again.code).toBe(0);
  expect(again.stdout.split('\n').slice(1, 3)).toEqual([
    'Containers: none: votes decide (set by ann)',
    'Datasets:   all (set by ben)',
  ]);
});

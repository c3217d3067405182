import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Docker from 'dockerode';
import { readLoadAnswer } from '../../containers/archive-rewrite.ts';
import { connectDocker } from '../../containers/docker.ts';
import { exportImage } from '../../containers/image-export.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { imageArchive } from '../../examples/image-archive.ts';

const before = process.env.DOCKER_HOST;
const restore = () => {
  if (before === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = before;
};
const servers: Server[] = [];

afterEach(async () => {
  restore();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function failure(attempt: Promise<unknown>): Promise<StrongroomError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof StrongroomError) return error;
    throw error;
  }
  throw new Error('it went well');
}

async function listen(handler: (asked: IncomingMessage, answer: ServerResponse) => void): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('where Docker Engine does not answer', () => {
  test.each([
    ['its socket is not there', 'unix:///nowhere/docker.sock', /socket is not there/],
    ['nothing listens at its address', 'tcp://127.0.0.1:1', /Nothing listens/],
    ['its address is none', 'http://[', /DOCKER_HOST/],
  ])('because %s, the error says what is missing and how to get it', async (_why, host, reason) => {
    process.env.DOCKER_HOST = host;
    const error = await failure(connectDocker());
    expect(error.code).toBe('E_DOCKER_UNAVAILABLE');
    expect(error.kind.exit).toBe(11);
    expect(error.why).toMatch(reason);
    expect(error.next).toContain('apt-get install docker.io');
    expect([error.why, error.next].join('\n').split('\n')).toHaveLength(2);
  });

  test('because something else answers, the error comes all the same', async () => {
    process.env.DOCKER_HOST = await listen((_asked, answer) => answer.writeHead(502).end('bad gateway'));
    expect((await failure(connectDocker())).code).toBe('E_DOCKER_UNAVAILABLE');
  });
});

describe('an engine that breaks off', () => {
  const name = `strongroom-test-broken-${process.pid}:1`;
  let docker: Docker;

  beforeAll(async () => {
    docker = await connectDocker();
  });

  /** The real engine behind a connection that ends an export early, and cleanly, as an engine with a full disk does. */
  const cutExports = async () =>
    listen((asked, answer) => {
      const socketPath = before?.replace('unix://', '') ?? '/var/run/docker.sock';
      const passed = request({ socketPath, path: asked.url, method: asked.method, headers: asked.headers }, (real) => {
        answer.writeHead(real.statusCode ?? 500);
        if (!asked.url?.endsWith('/get')) return real.pipe(answer);
        return real.once('data', (chunk: Buffer) => {
          answer.end(Buffer.concat([chunk.subarray(0, 700), Buffer.from('{"message":"no space left on device"}')]));
          real.destroy();
        });
      });
      asked.pipe(passed);
    });

  test('in an export is noticed, although its answer ends like a good one', async () => {
    const files = [{ path: '/content', from: Buffer.from('x'), mode: 0o644 }];
    const { stream } = await imageArchive([files], {}, name);
    await readLoadAnswer((await docker.loadImage(stream)) as AsyncIterable<Buffer>);
    process.env.DOCKER_HOST = await cutExports();
    const exported = await exportImage(await connectDocker(), name);
    expect((await failure(exported.stream.toArray())).code).toBe('E_TRUNCATED');
    await docker.getImage(name).remove();
  });
});

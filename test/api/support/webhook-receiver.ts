/** Somebody's own server that takes webhooks, or does not. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHmac } from 'node:crypto';
import { until } from '../../support/patience.ts';

export interface Taken {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly taken: Taken[];
  /** The statuses of the next answers; 204 where none is left. */
  readonly answers: number[];
  /** What came to a path, once there is so much of it. */
  until(path: string, count: number): Promise<Taken[]>;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const taken: Taken[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      taken.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answers.shift() ?? 204, { location: 'http://169.254.169.254/' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    answers,
    async until(path, count) {
      const came = () => taken.filter((one) => one.path === path);
      await until(`${count} came to ${path}`, () => came().length >= count);
      return came();
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As a receiver computes it that knows nothing of ours but the secret. */
export const expectedSignature = (secret: string, { headers, body }: Taken): string => {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
};

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** A port of the loopback interface that nobody listens on just now. */
export const freePort = (): Promise<number> => listenOnce(0);

/** The same below 32,768, which is as far as Temporal's tables can count. */
export async function freeLowPort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(randomInt(...LOW)).catch(() => null);
    if (port !== null) return port;
  }
}

const LOW = [10_240, 32_768] as const;

function listenOnce(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  });
}

/** A stretch of network between two parts that can be made slow, be cut, or deliver requests and lose the answers. */
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Network extends AsyncDisposable {
  /** Host and port to use in place of the target's. */
  readonly address: string;
  /** Each piece takes so many milliseconds longer, in either direction. */
  delay(milliseconds: number): void;
  /** Breaks what is connected just now. */
  cut(): void;
  /** Nothing comes through, and nothing is refused, until it is joined again. */
  part(): void;
  join(): void;
  /** What is sent arrives; each answer is lost, and its connection broken. */
  loseAnswers(on: boolean): void;
}

export async function openNetwork(target: { readonly host: string; readonly port: number }): Promise<Network> {
  const state = { delay: 0, parted: false, losing: false };
  const open = new Set<Socket>();
  /** Pieces go on in their order, and the end after the last of them. */
  const carry = async (from: Socket, to: Socket, answers: boolean) => {
    open.add(from);
    from.on('error', () => undefined);
    try {
      for await (const piece of from as AsyncIterable<Buffer>) {
        if (state.delay > 0) await pause(state.delay);
        while (state.parted && !from.destroyed) await pause(50);
        if (answers && state.losing) break;
        to.write(piece);
      }
      to.end();
    } catch {
      to.destroy();
    } finally {
      open.delete(from);
      if (answers && state.losing) for (const socket of [from, to]) socket.destroy();
    }
  };
  const server = createServer((near) => {
    const far = connect(target);
    void carry(near, far, false);
    void carry(far, near, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = server.address();
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    address: `127.0.0.1:${typeof own === 'object' && own ? own.port : 0}`,
    delay: (milliseconds) => (state.delay = milliseconds),
    cut,
    part: () => (state.parted = true),
    join: () => (state.parted = false),
    loseAnswers: (on) => (state.losing = on),
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const targetOf = (address: string): { readonly host: string; readonly port: number } => {
  const { hostname: host, port } = new URL(address.includes('://') ? address : `http://${address}`);
  return { host, port: Number(port) };
};

/** A web server that answers when it is told to: whoever fetches from it is in the middle of the work until then. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface HeldServer extends AsyncDisposable {
  readonly url: string;
  /** Resolves when somebody waits for an answer. */
  asked(): Promise<void>;
  /** Answers all requests with the file, those that wait and those to come. */
  release(): void;
  /** Keeps requests waiting again. */
  hold(): void;
}

export async function heldServer(file: Buffer): Promise<HeldServer> {
  let open = false;
  let waiting: ServerResponse[] = [];
  const answer = (response: ServerResponse) => response.writeHead(200, { 'content-length': file.length }).end(file);
  const server = createServer((_request, response) => {
    if (open) answer(response);
    else waiting.push(response.once('close', () => (waiting = waiting.filter((other) => other !== response))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gpg`,
    async asked() {
      while (waiting.length === 0) await pause(50);
    },
    release() {
      open = true;
      for (const response of waiting) answer(response);
    },
    hold() {
      open = false;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

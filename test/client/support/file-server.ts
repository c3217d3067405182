/** A real web server on this machine that answers as each test says, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;

export interface FileServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** The headers of every request, in order. */
  readonly asked: readonly IncomingHttpHeaders[];
}

/** The first request gets the first answer and so on; the last answer is for all that follow. */
export async function serve(...answers: readonly Answer[]): Promise<FileServer> {
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.push(request.headers), answers.length) - 1];
    answer?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/model.gpg`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a good server does: the whole, or the rest where the tag still holds. */
export const file =
  (body: Buffer, etag = '"one"'): Answer =>
  (response, { headers }) => {
    const first = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (first === 0 || headers['if-range'] !== etag) {
      response.writeHead(200, { etag, 'content-length': body.length }).end(body);
    } else {
      part(body, first, body.length, etag)(response);
    }
  };

/** A 206 with the bytes from `first` up to, not including, `end`, whatever was asked for. */
export const part =
  (body: Buffer, first: number, end: number, etag = '"one"') =>
  (response: ServerResponse) =>
    response
      .writeHead(206, {
        etag,
        'content-range': `bytes ${first}-${end - 1}/${body.length}`,
        'content-length': end - first,
      })
      .end(body.subarray(first, end));

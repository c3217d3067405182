/** The runner's one connection: to the host that started it. */
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const BORN_WITH = 3;

/** In bubblewrap a socket that the runner is born with; in Docker, which hands over no others, stdin and stdout. */
export function hostSocket(kind: string | undefined): Duplex {
  if (kind !== 'stdio') return new Socket({ fd: BORN_WITH, readable: true, writable: true });
  const stdout = new Socket({ fd: 1, readable: false, writable: true });
  return Duplex.from({ readable: new Socket({ fd: 0, readable: true, writable: false }), writable: stdout });
}

/** Where stdout is for frames, what a function prints goes elsewhere. For the thread of the function, before it is there. */
export function keepPrintsFromFrames(kind: string | undefined): void {
  if (kind === 'stdio') Object.defineProperty(process, 'stdout', { value: process.stderr });
}

/** The runner's one connection: to the host that started it. */
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const BORN_WITH = 3;

/**
 * In bubblewrap a socket that the runner is born with; in Docker, which hands over no others, stdin and stdout. Whatever
 * a function prints is dropped then: it would end up between the frames.
 */
export function hostSocket(kind: string | undefined): Duplex {
  if (kind !== 'stdio') return new Socket({ fd: BORN_WITH, readable: true, writable: true });
  const stdout = new Socket({ fd: 1, readable: false, writable: true });
  Object.defineProperty(process, 'stdout', { value: process.stderr });
  return Duplex.from({ readable: new Socket({ fd: 0, readable: true, writable: false }), writable: stdout });
}

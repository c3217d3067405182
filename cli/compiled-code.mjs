/**
 * Keeps what Node made of our sources for the next command, which then starts in a third of the time (ADR 0015). In a
 * folder that is the owner's alone and not in Node's usual place, as what lies there is executed. In JavaScript, as the
 * launcher imports it before anything else.
 */
import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';

const folder = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'strongroom', 'code');

// Node waits at its end for threads that compile, and they can wait for a garbage collection that no longer comes.
setFlagsFromString('--no-concurrent-sparkplug');
try {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  enableCompileCache(folder);
} catch {
  // A home that cannot be written to: everything works, and starts as slowly as it did.
}

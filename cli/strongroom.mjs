#!/usr/bin/env node
// Starts the command line on Node 24. It is plain JavaScript, so that an older Node can read it and hand over.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  await import('./compiled-code.mjs');
  await import('./main.ts');
} else {
  handOver(newerNode());
}

/** The Node that came with our dependencies, or null where they are not installed. */
function newerNode() {
  try {
    return createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    return null;
  }
}

function handOver(program) {
  if (program === null) {
    process.stderr.write(
      `E_CONFIG: Strongroom needs Node ${NEEDED}.\n` +
        `  Why:  this is Node ${process.versions.node}, and the one in node_modules is missing.\n` +
        '  Next: npm ci\n',
    );
    process.exit(1);
  }
  const child = spawn(program, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes; the child takes two signals in quick succession for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`E_CONFIG: Node ${NEEDED} could not be started.\n  Why:  ${error.message}\n  Next: npm ci\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Entry point of the API's process: configuration from the environment, and an end in good order. */
import { StrongroomError } from '../domain/errors.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { toProcessOptions } from './process-options.ts';
import { startApi, type RunningApi } from './process.ts';

try {
  const api = await startApi(await toProcessOptions(readPlatformConfiguration()));
  process.stdout.write(`${JSON.stringify({ listening: api.address })}\n`);
  stopOnSignals(api);
} catch (error) {
  // An error of ours says all there is to say; of any other one the operator needs the place.
  const known =
    error instanceof StrongroomError ? [error.message, error.why, error.next].filter(Boolean).join('\n') : null;
  process.stderr.write(`The API did not start.\n${known ?? (error as Error).stack ?? String(error)}\n`);
  process.exit(1);
}

/** The first signal lets answers under way finish; a second one does not wait for them. */
function stopOnSignals(api: RunningApi): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    api.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

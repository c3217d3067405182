/** `npm run dev`: the platform in the foreground, until Ctrl-C. Its data stays in the data folder. */
import { StrongroomError } from '../domain/errors.ts';
import { readPlatformConfiguration } from './configuration.ts';
import { bringUp } from './stack.ts';

try {
  const config = readPlatformConfiguration();
  const stack = await bringUp(config, (line) => {
    console.log(line);
  });
  const { api, apiReference, temporal, temporalUi } = stack.addresses;
  console.log(`\nAPI              ${api}\nAPI reference    ${apiReference}`);
  console.log(`Temporal         ${temporal}\nTemporal Web UI  ${temporalUi ?? 'where your Temporal is'}`);
  console.log(`Data             ${config.dataFolder}`);
  console.log(
    `\nFor a party's shell:\n  export STRONGROOM_API_URL=${api} TEMPORAL_ADDRESS=${temporal}\n\nCtrl-C stops it.`,
  );
  let stopping = false;
  // npm passes on the Ctrl-C that the terminal has sent already: the second one must not end the stopping.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!stopping) void stack.stop().then(() => process.exit(0));
      stopping = true;
    });
  }
} catch (error) {
  if (!(error instanceof StrongroomError)) throw error;
  console.error([`${error.code}: ${error.message}`, error.why, error.next].filter(Boolean).join('\n'));
  process.exit(error.kind.exit);
}

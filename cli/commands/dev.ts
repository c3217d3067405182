import { once } from 'node:events';
import { defineCommand } from '../command.ts';
import { platformConfiguration } from '../platform.ts';

export const command = defineCommand({
  name: 'dev',
  summary: 'Run the platform in the foreground until Ctrl-C',
  examples: ['strongroom dev'],
  details: 'The same as `strongroom up`, for as long as the terminal is open.',
  async run(_given, context) {
    const { bringUp } = await import('../../stack/stack.ts');
    const stack = await bringUp(await platformConfiguration(), (line) => context.output.note(line));
    const { api, temporal, temporalUi } = stack.addresses;
    context.output.note(`API ${api}, Temporal ${temporal}, its Web UI ${temporalUi ?? 'elsewhere'}. Ctrl-C stops it.`);
    if (!context.signal.aborted) await once(context.signal, 'abort');
    await stack.stop();
    return { data: { stopped: true }, lines: ['The platform is stopped.'] };
  },
});

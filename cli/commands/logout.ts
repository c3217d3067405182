import { StrongroomError } from '../../domain/errors.ts';
import { defineCommand, flag } from '../command.ts';

export const command = defineCommand({
  name: 'logout',
  summary: 'Log out and forget the token',
  examples: ['strongroom logout', 'strongroom logout --everywhere'],
  options: { everywhere: flag('End all your sessions, on every machine; personal access tokens stay') },
  async run({ options: { everywhere } }, context) {
    const { handle } = await context.session();
    const platform = await context.platform();
    if (everywhere) {
      const { sessionsEnded } = await platform.logOutEverywhere();
      await (await context.home()).forgetSession();
      return {
        data: { handle, sessionsEnded },
        ids: [handle],
        lines: [`${handle} is logged out everywhere: sessions ended: ${sessionsEnded}.`],
      };
    }
    await platform.logOut().catch((error: unknown) => {
      // A session that has ended on the platform is what was asked for.
      if (!(error instanceof StrongroomError) || error.code !== 'E_SIGNED_OUT') throw error;
    });
    await (await context.home()).forgetSession();
    return { data: { handle }, ids: [handle], lines: [`${handle} is logged out.`] };
  },
});

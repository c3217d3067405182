import { StrongroomError } from '../../domain/errors.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'logout',
  summary: 'Log out and forget the token',
  examples: ['strongroom logout'],
  async run(_given, context) {
    const { handle } = await context.session();
    const platform = await context.platform();
    await platform.logOut().catch((error: unknown) => {
      // A session that has ended on the platform is what was asked for.
      if (!(error instanceof StrongroomError) || error.code !== 'E_SIGNED_OUT') throw error;
    });
    await (await context.home()).forgetSession();
    return { data: { handle }, ids: [handle], lines: [`${handle} is logged out.`] };
  },
});

/** What a command says where somebody else changed something between its look and its change. */
import { StrongroomError } from '../domain/errors.ts';

export type Rows = readonly (readonly [string, string])[];

interface Change<Answer> {
  /** What is changed, as in “you changed nothing of digits”. */
  readonly of: string;
  readonly before: Rows;
  readonly send: () => Promise<Answer>;
  /** What is there by now. */
  readonly look: () => Promise<Rows>;
}

/** Fails with `E_CHANGED_MEANWHILE` and what is different now, where the platform does. */
export async function unlessSomebodyWasFaster<Answer>({ of, before, send, look }: Change<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== 'E_CHANGED_MEANWHILE') throw error;
    const changes = (await look()).flatMap(([what, text], index) => {
      const [, old = ''] = before[index] ?? [];
      return text === old ? [] : [`${what}: ${text} now, ${old} before.`];
    });
    throw new StrongroomError('E_CHANGED_MEANWHILE', `Somebody else was faster: you changed nothing of ${of}.`, {
      why: changes.join(' '),
      next: 'Run the command again if you still want it.',
    });
  }
}

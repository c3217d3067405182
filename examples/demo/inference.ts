/** The second job, told beside the first: a function that nobody else can read classifies pictures that nobody else sees. */
import path from 'node:path';
import type { Narrator } from './narrator.ts';
import type { Stage } from './party.ts';
import type { Cast } from './story.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..');
const FUNCTION = 'alice/image-classification';

export async function tellInference(
  { folder }: Stage,
  { owner, dataOwners: [dora, emil] }: Cast,
  narrator: Narrator,
): Promise<void> {
  const picture = path.join(EXAMPLES, 'digits-data', 'data-owner-one', 'data', '000.png');
  const sealed = path.join(folder, 'picture.sealed');
  await narrator.step('The owner deploys a function, encrypted, that everyone may call', null, async () => {
    await owner.run(['function', 'deploy', path.join(EXAMPLES, 'image-classification'), '--public']);
  });
  await narrator.step('Data owner one has a picture classified: only the attested runner sees it', null, async () => {
    await dora.run(['run', FUNCTION, picture]);
  });
  await narrator.step(
    'It encrypts the picture for that function, and somebody else brings it there',
    null,
    async () => {
      await dora.run(['encrypt', picture, '--function', FUNCTION, '--out', sealed]);
      await emil.run(['run', FUNCTION, '--sealed', sealed]);
    },
  );
  await narrator.step('It has all its pictures classified, encrypted, in the background', null, async () => {
    const out = path.join(folder, 'classes.jsonl');
    await dora.run(['job', 'run', FUNCTION, path.dirname(picture), '--out', out]);
  });
}

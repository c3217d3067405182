/**
 * Classifies a picture with a confidential function, from a program of your own.
 *
 *     npm link strongroom      # or npm install FOLDER: this folder, in which `npm ci` ran
 *     STRONGROOM_API_URL=… STRONGROOM_TOKEN=… node classify.ts alice/image-classification dog.jpeg
 */
import { readFile } from 'node:fs/promises';
import { AttestationError, Strongroom, type FunctionResult } from 'strongroom';

const [ref = '', picture = ''] = process.argv.slice(2);
const { STRONGROOM_API_URL: apiUrl = '', STRONGROOM_TOKEN: token = '' } = process.env;

// The file keeps whom you believe: the enclave and the function, as they were at the first use.
const strongroom = new Strongroom({ apiUrl, token, trust: { file: 'trust.json' } });
try {
  await using session = await strongroom.connect(ref, { signal: AbortSignal.timeout(60_000) });
  print(await session.invoke(await readFile(picture), { signal: AbortSignal.timeout(60_000) }));
} catch (error) {
  if (!(error instanceof AttestationError)) throw error;
  for (const { verdict, name, checked } of error.steps) console.error(verdict, name, checked);
  process.exitCode = error.kind.exit;
}

function print({ bytes, receipt }: FunctionResult): void {
  const [best] = JSON.parse(bytes.toString()) as readonly { readonly label: string; readonly probability: number }[];
  console.log(best?.label, best?.probability);
  console.log('answered by function', receipt.content.functionChecksum);
}

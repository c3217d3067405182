import { writeFile } from 'node:fs/promises';
import type { AttestationDocument } from '../../crypto/attestation/document.ts';
import { SIMULATED, readAttestation, stepLines } from '../attestation.ts';
import { argument, defineCommand, option } from '../command.ts';
import { usage } from '../usage.ts';
import type { Outcome } from '../output.ts';
import type { Context } from '../context.ts';
import { connectStrongroom } from '../enclave.ts';
import { isFunctionName } from '../find-function.ts';
import { facts } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'attestation show',
  summary: 'Show the attestation of a function, step by step, or what a document says',
  examples: [
    'strongroom attestation show alice/classifier',
    'strongroom attestation show classifier --out document.cbor',
    'strongroom attestation show document.cbor',
  ],
  details:
    "A function's runner is asked for a new document and is verified as before each call; nothing is sent to it. Of a " +
    'file is shown only what it says, which proves nothing. A file whose name could be that of a function is written ' +
    'as ./name.',
  arguments: { of: argument("A function (id, owner/name, or your own one's name), or a file with a document") },
  options: { out: option('FILE', "Where the function's document is kept", parsePath) },
  async run({ arguments: { of }, options: { out } }, context) {
    if (isFunctionName(of)) return showFunction(context, of, out);
    if (out !== undefined) throw usage('--out is for the document of a function.');
    return showFile(of);
  },
});

async function showFunction(context: Context, ref: string, out: string | undefined): Promise<Outcome> {
  const { AttestationError } = await import('../../crypto/attestation/verify.ts');
  const { parseAttestationDocument } = await import('../../crypto/attestation/document.ts');
  const strongroom = await connectStrongroom(context);
  try {
    const connected = strongroom.connect(ref, { signal: context.signal });
    await using session = await connected;
    if (out !== undefined) await writeFile(out, session.document, { flag: 'wx' });
    const shown = describe(parseAttestationDocument(session.document));
    const { steps } = session.attestation;
    return {
      ...shown,
      data: { ...shown.data, verified: true, steps },
      lines: [...shown.lines, ...stepLines(steps), ...(out === undefined ? [] : [`The document is in ${out}.`])],
    };
  } catch (error) {
    if (error instanceof AttestationError) context.output.note(stepLines(error.steps).join('\n'));
    throw error;
  }
}

async function showFile(file: string): Promise<Outcome> {
  const { parseAttestationDocument } = await import('../../crypto/attestation/document.ts');
  const shown = describe(parseAttestationDocument(await readAttestation(parsePath(file))));
  const unproved = 'Nothing of this was verified: use "strongroom attestation verify".';
  return { ...shown, data: { ...shown.data, verified: false }, lines: [...shown.lines, unproved] };
}

function describe(found: AttestationDocument): Outcome {
  const hex = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
  const { tee, moduleId, timestamp, sha256 } = found;
  const [nonce, channelKey, receiptKey] = [hex(found.nonce), hex(found.channelKey), hex(found.receiptKey)];
  const registers = Object.fromEntries([...found.registers].map(([index, value]) => [String(index), value]));
  return {
    data: { document: { tee, moduleId, timestamp, sha256, registers, nonce, channelKey, receiptKey } },
    ids: [sha256],
    lines: [
      ...facts([
        ['Type', tee],
        ['Enclave', moduleId],
        ['Signed at', timestamp],
        ['Nonce', nonce ?? 'none'],
        ['Channel key', channelKey ?? 'none'],
        ['Receipt key', receiptKey ?? 'none'],
        ...Object.entries(registers).map(([index, value]) => [`Register ${index}`, value] as const),
        ['SHA-256', sha256],
      ]),
      ...(tee === 'software' ? [SIMULATED] : []),
    ],
  };
}

/** `strongroom run FUNCTION FILE`: one call of a confidential function, verified before anything is sent. */
import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { FunctionResult, FunctionSession } from '../client/strongroom.ts';
import type { Sha256 } from '../domain/ids.ts';
import { SIMULATED, stepLines } from './attestation.ts';
import type { Outcome } from './output.ts';
import type { Context } from './context.ts';
import { connectStrongroom } from './enclave.ts';

/** What the function gets: a file as it is, or one that `strongroom encrypt` wrote; `-` for stdin. */
export interface FunctionInput {
  readonly kind: 'open' | 'sealed';
  readonly file: string;
}

export interface FunctionCall {
  readonly ref: string;
  readonly input: FunctionInput;
  readonly checksum: Sha256 | undefined;
  /** Where the answer goes instead of stdout. */
  readonly out: string | undefined;
  readonly verbose: boolean;
}

export async function runFunction(context: Context, call: FunctionCall): Promise<Outcome> {
  const { kind, file } = call.input;
  const input = file === '-' ? await buffer(process.stdin) : await readFile(file);
  const strongroom = await connectStrongroom(context);
  const { AttestationError } = await import('../crypto/attestation/verify.ts');
  try {
    const { signal } = context;
    const connected = strongroom.connect(call.ref, { signal, ...(call.checksum && { checksum: call.checksum }) });
    await using session = await connected;
    if (call.verbose) context.output.note([...stepLines(session.attestation.steps), SIMULATED].join('\n'));
    const sent =
      kind === 'open'
        ? session.invokeLast(input, { signal })
        : session.invokeSealed(input.toString('latin1'), { signal });
    const result = await sent;
    if (call.out !== undefined) await writeFile(call.out, result.bytes, { flag: 'wx' });
    return describe(session, result, call.out);
  } catch (error) {
    if (error instanceof AttestationError && call.verbose) context.output.note(stepLines(error.steps).join('\n'));
    throw error;
  } finally {
    input.fill(0);
  }
}

function describe(session: FunctionSession, result: FunctionResult, out: string | undefined): Outcome {
  const { functionChecksum, documentHash, tee } = session.attestation;
  const { signed, content } = result.receipt;
  const receipt = { ...content, signed: Buffer.from(signed).toString('base64url') };
  return {
    data: { result: valueOf(result), tee, functionChecksum, documentHash, seconds: result.seconds, receipt },
    ids: [documentHash],
    lines: out === undefined ? answerLines(result) : [`The answer is in ${out}.`],
  };
}

/** JSON as it is, text as text, bytes in base64. */
function valueOf({ type, bytes }: FunctionResult): unknown {
  if (type === 'json') return JSON.parse(bytes.toString('utf8'));
  return bytes.toString(type === 'text' ? 'utf8' : 'base64');
}

function answerLines(result: FunctionResult): string[] {
  const value = valueOf(result);
  if (result.type !== 'json') return [String(value)];
  return Array.isArray(value) && value.length > 0 && value.every(isClass)
    ? value.map(({ label, probability }) => `${label}: ${(probability * 100).toFixed(1)}%`)
    : [JSON.stringify(value, null, 2)];
}

const isClass = (value: unknown): value is { readonly label: string; readonly probability: number } =>
  typeof value === 'object' &&
  value !== null &&
  'label' in value &&
  'probability' in value &&
  typeof value.probability === 'number';

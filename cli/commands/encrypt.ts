import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { parseHandle, parseSha256 } from '../../domain/ids.ts';
import { parseTime } from '../attestation.ts';
import { argument, defineCommand, listOption, option } from '../command.ts';
import { connectStrongroom } from '../enclave.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'encrypt',
  summary: 'Encrypt a file for functions: it is opened in attested runners only',
  examples: [
    'strongroom encrypt dog.jpeg --out dog.sealed',
    'strongroom encrypt dog.jpeg --for alice --function alice/classifier --out dog.sealed',
    'strongroom encrypt dog.jpeg --function classifier --not-after 2027-01-31',
  ],
  details:
    'Whoever may call one of the functions may have them take the file; nobody gets the file itself. Without --function ' +
    'they are those that you have deployed, as they are now. The key that the file is sealed to is known on first use, ' +
    'and a change of it is refused until you accept it.',
  arguments: { file: argument('What to encrypt; - for stdin', (text) => text) },
  options: {
    for: option('USER', 'Whose key it is encrypted to; yours by default', parseHandle),
    function: listOption('FUNCTION', 'A function that may take it, by id, owner/name or name', (text) => text),
    'not-after': option('TIME', 'The time after which it is not opened any more', parseTime),
    'accept-key': option('HEX', 'The fingerprint of a changed key that you have compared', parseSha256),
    out: option('FILE', 'Where it goes instead of stdout', parsePath),
  },
  async run({ arguments: { file }, options }, context) {
    const { formatKeyId } = await import('../../crypto/sealed/user-key.ts');
    const strongroom = await connectStrongroom(context);
    const input = file === '-' ? await buffer(process.stdin) : await readFile(file);
    const { for: user, 'not-after': notAfter, 'accept-key': acceptKey, out } = options;
    const encrypted = await strongroom.encrypt(input, {
      ...(user && { for: user }),
      ...(options.function.length > 0 && { functions: options.function }),
      ...(notAfter !== undefined && { notAfter: new Date(notAfter) }),
      ...(acceptKey && { acceptKey }),
    });
    input.fill(0);
    const { sealed, keyId, functions, pin } = encrypted;
    context.output.note(
      `Encrypted to the key of ${encrypted.user}, ${formatKeyId(keyId)}` +
        (pin === 'known' ? '.' : ',\nwhich is believed from now on: compare it; a change will be refused.'),
    );
    if (out !== undefined) await writeFile(out, `${sealed}\n`, { flag: 'wx', mode: 0o600 });
    return {
      data: { ...encrypted, sealed: out === undefined ? sealed : null, file: out ?? null },
      ids: [keyId],
      lines: [out === undefined ? sealed : `Encrypted: ${out}, for ${functions.length} function(s).`],
    };
  },
});

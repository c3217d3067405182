/** The ways to encrypt and decrypt a file that are compared: ours and gpg's, each as its users start it. */
import { fileURLToPath } from 'node:url';

export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  /** What is brought to the disk afterwards, as ours does by itself. gpg leaves it to the system. */
  readonly thenSync?: string;
}

export interface Tool {
  readonly name: string;
  encrypt(input: string, output: string): Call;
  decrypt(input: string, output: string): Call;
}

const LAUNCHER = fileURLToPath(new URL('../../cli/strongroom.mjs', import.meta.url));

export const strongroom = (...args: string[]): Call => ({ program: process.execPath, args: [LAUNCHER, ...args] });

const ours = (name: string, keyFile: string, ...flags: string[]): Tool => {
  const common = ['--key-file', keyFile, '--quiet'];
  return {
    name,
    encrypt: (input, output) => strongroom('archive', 'encrypt', input, '--out', output, ...flags, ...common),
    decrypt: (input, output) => strongroom('archive', 'decrypt', input, '--out', output, ...common),
  };
};

const gpg = (name: string, keyFile: string, home: string, ...flags: string[]): Tool => {
  const common = ['--homedir', home, '--batch', '--quiet', '--passphrase-file', keyFile];
  const call = (...args: string[]): Call => ({ program: 'gpg', args: [...common, ...args] });
  return {
    name,
    encrypt: (input, output) => call(...flags, '--output', output, '--symmetric', input),
    decrypt: (input, output) => call('--output', output, '--decrypt', input),
  };
};

const synced = (tool: Tool): Tool => ({
  name: `${tool.name}; sync`,
  encrypt: (input, output) => ({ ...tool.encrypt(input, output), thenSync: output }),
  decrypt: (input, output) => ({ ...tool.decrypt(input, output), thenSync: output }),
});

/** The first one is what the others are measured against. */
export function toolsWith(keyFile: string, gpgHome: string): readonly [Tool, ...Tool[]] {
  const uncompressed = gpg('gpg -z 0', keyFile, gpgHome, '-z', '0', '--cipher-algo', 'AES256');
  return [
    uncompressed,
    synced(uncompressed),
    gpg('gpg', keyFile, gpgHome, '--cipher-algo', 'AES256'),
    ours('strongroom', keyFile),
    ours('strongroom --aead', keyFile, '--aead'),
  ];
}

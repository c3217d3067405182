/** The block cipher of archives: AES in its three sizes, by their OpenPGP numbers (RFC 9580 section 9.3). */
export const AES256 = 9;
export const BLOCK_BYTES = 16;

export interface BlockCipher {
  readonly number: number;
  readonly name: 'aes-128' | 'aes-192' | 'aes-256';
  readonly keyBytes: number;
}

const AES: readonly BlockCipher[] = [
  { number: 7, name: 'aes-128', keyBytes: 16 },
  { number: 8, name: 'aes-192', keyBytes: 24 },
  { number: AES256, name: 'aes-256', keyBytes: 32 },
];

/** The names of the ciphers of others, for the message that refuses them. */
const OTHERS: Readonly<Record<number, string>> = {
  1: 'IDEA',
  2: 'TripleDES',
  3: 'CAST5',
  4: 'Blowfish',
  10: 'Twofish',
  11: 'Camellia-128',
  12: 'Camellia-192',
  13: 'Camellia-256',
};

export const findCipher = (number: number | undefined): BlockCipher | undefined =>
  AES.find((cipher) => cipher.number === number);

export const cipherName = (number: number): string =>
  findCipher(number)?.name.toUpperCase() ?? OTHERS[number] ?? `cipher ${number}`;
